#include "process/network_use.hpp"

#include "process/socket_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

namespace ghostpeer::process {
namespace {

using Figures = std::map<std::string, std::uint64_t>;

/// `Tcp: ActiveOpens …`, then `Tcp: 3 …` (snmp_seq_show()).
void read_pairs(const std::string& path, Figures& figures) {
    std::ifstream file(path);
    std::string head;
    std::string values;
    while (std::getline(file, head) && std::getline(file, values)) {
        std::istringstream names(head);
        std::istringstream numbers(values);
        std::string group;
        std::string name;
        std::string number;
        names >> group;
        numbers >> name;
        while (names >> name && numbers >> number) {
            // MaxConn may be -1; it is of no interest.
            figures[group + name] = std::strtoull(number.c_str(), nullptr, 10);
        }
    }
}

/// `Udp6OutDatagrams  4` (snmp6_seq_show()).
void read_lines(const std::string& path, Figures& figures) {
    std::ifstream file(path);
    std::string name;
    std::uint64_t number = 0;
    while (file >> name >> number) {
        figures[name] = number;
    }
}

[[nodiscard]] bool is_loopback(const wire::IpAddress& address) {
    constexpr unsigned net = 127;
    if (address.is_v4()) {
        return address.v4_host_order() >> 24U == net;
    }
    return address == wire::IpAddress::parse("::1");
}

}  // namespace

std::optional<NetworkUse> network_use(pid_t process) {
    Figures figures;
    read_pairs(fmt::format("/proc/{}/net/snmp", process), figures);
    if (figures.empty()) {
        return std::nullopt;
    }
    read_lines(fmt::format("/proc/{}/net/snmp6", process), figures);
    NetworkUse use;
    use.tcp_opened = figures["Tcp:ActiveOpens"];
    use.tcp_failed = figures["Tcp:AttemptFails"];
    use.udp_sent = figures["Udp:OutDatagrams"] + figures["Udp6OutDatagrams"];
    use.pings = figures["Icmp:OutEchos"] + figures["Icmp6OutEchos"];
    if (use.tcp_opened == 0) {
        return use;  // to read the tables costs a look at all sockets of the machine
    }
    for (const Socket& socket : tcp_sockets(process)) {
        // Of both ends of a connection on loopback the one that was dialled has the lower port,
        // most often: the other is the kernel's choice.
        const bool dialled = socket.remote.port != 0 && is_loopback(socket.remote.address) &&
                             socket.remote.port < socket.local.port;
        if (dialled && std::find(use.loopback_ends.begin(), use.loopback_ends.end(),
                                 socket.remote) == use.loopback_ends.end()) {
            use.loopback_ends.push_back(socket.remote);
        }
    }
    return use;
}

}  // namespace ghostpeer::process
