// The server's steps of ghostpeer-probe.
#include "probe.hpp"

#include <linux/tcp.h>

#include <netinet/in.h>
#include <sys/socket.h>

namespace ghostpeer::probe {

bool Probe::serve(std::string_view name, const Arguments& arguments) {
    if (name == "bind") {
        const int one = 1;
        option("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, one, "1");
        const int fd = socket();
        traced("bind", peer_.text, [&](Line&) { return ::bind(fd, peer_.get(), peer_.length); });
    } else if (name == "listen") {
        const int fd = std::exchange(fd_, -1);
        const std::size_t backlog = arguments.empty() ? SOMAXCONN : parse_size(arguments[0]);
        listener_ = fd;
        traced("listen", std::to_string(backlog),
               [&](Line&) { return ::listen(fd, static_cast<int>(backlog)); });
    } else if (name == "defer-accept") {
        number("TCP_DEFER_ACCEPT", IPPROTO_TCP, TCP_DEFER_ACCEPT, parse_size(need(arguments, 0)));
    } else if (name == "accept") {
        traced("accept", "", [&](Line&) { return fd_ = ::accept(listener_, nullptr, nullptr); });
    } else if (name == "listener") {
        fd_ = -1;  // the connection stays open until the program ends
    } else if (name == "queues" && fd_ < 0 && listener_ >= 0) {
        // As `ss` shows them: tcp_get_info() says so of a listening socket.
        traced("queues", "", [&](Line& line) -> std::int64_t {
            tcp_info info{};
            socklen_t length = sizeof info;
            const int result = ::getsockopt(listener_, IPPROTO_TCP, TCP_INFO, &info, &length);
            line.notes = {{"recv_q", std::to_string(info.tcpi_unacked)},
                          {"send_q", std::to_string(info.tcpi_sacked)}};
            return result;
        });
    } else {
        return false;
    }
    return true;
}

}  // namespace ghostpeer::probe
