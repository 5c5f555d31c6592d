#include "servers/listening.hpp"

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace ghostpeer::servers {

void read_listening_ports(std::istream& table, bool ipv6, ListeningPorts& ports) {
    constexpr std::string_view listen = "0A";  // TCP_LISTEN
    std::string line;
    std::getline(table, line);  // the heading
    while (std::getline(table, line)) {
        std::istringstream words(line);
        std::string number;
        std::string local;
        std::string remote;
        std::string state;
        if (!(words >> number >> local >> remote >> state) || state != listen) {
            continue;
        }
        const auto colon = local.rfind(':');
        std::uint16_t port = 0;
        const char* const end = local.data() + local.size();
        if (colon == std::string::npos ||
            std::from_chars(local.data() + colon + 1, end, port, 16).ptr != end) {
            continue;
        }
        const auto known = ports.emplace(port, ipv6).first;
        known->second = known->second && ipv6;
    }
}

ListeningPorts listening_ports() {
    ListeningPorts ports;
    for (const bool ipv6 : {false, true}) {
        std::ifstream table(ipv6 ? "/proc/self/net/tcp6" : "/proc/self/net/tcp");
        read_listening_ports(table, ipv6, ports);
    }
    return ports;
}

}  // namespace ghostpeer::servers
