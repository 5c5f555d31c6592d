#include "process/socket_table.hpp"

#include "posix/file_descriptor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace ghostpeer::process {
namespace {

/// By number (include/net/tcp_states.h).
constexpr std::array<const char*, 13> states{
    "",       "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT",
    "CLOSED", "CLOSE-WAIT",  "LAST-ACK", "LISTEN",       "CLOSING",    "SYN-RECEIVED"};

/// idiag_timer, as inet_sk_diag_fill() and inet_twsk_diag_fill() set it.
constexpr std::array<const char*, 5> timers{"no timer is running", "the retransmission timer runs",
                                            "the keepalive timer runs", "the TIME-WAIT timer runs",
                                            "the window-probe timer runs"};

[[nodiscard]] wire::IpAddress address(int family, const void* bytes) {
    std::array<std::uint8_t, 16> six{};
    std::memcpy(six.data(), bytes, family == AF_INET6 ? 16 : 4);
    if (family == AF_INET6) {
        return wire::IpAddress::v6(six);
    }
    std::uint32_t four = 0;
    std::memcpy(&four, bytes, sizeof four);
    return wire::IpAddress::v4(ntohl(four));
}

[[nodiscard]] const char* state_name(std::size_t state) {
    return state < states.size() ? states.at(state) : "in an unknown state";
}

[[nodiscard]] std::string ages(const tcp_info& info) {
    constexpr double second = 1000.0;  // the ages are milliseconds
    const auto last = std::min({info.tcpi_last_data_recv, info.tcpi_last_ack_recv});
    return fmt::format("nothing has come from the peer for {:.3f} s", last / second);
}

constexpr std::size_t listen_state = 10;

[[nodiscard]] Socket describe_socket(const inet_diag_msg& seen, const tcp_info* info) {
    const std::size_t state = seen.idiag_state;
    Socket socket;
    socket.tcp = true;
    socket.local = {address(seen.idiag_family, seen.id.idiag_src), ntohs(seen.id.idiag_sport)};
    if (state == listen_state) {
        socket.what = "a TCP socket that listens at " + socket.local.to_string();
        return socket;
    }
    socket.remote = {address(seen.idiag_family, seen.id.idiag_dst), ntohs(seen.id.idiag_dport)};
    socket.what = fmt::format(
        "a TCP connection to {}, {}, {}", socket.remote.to_string(), state_name(state),
        seen.idiag_timer < timers.size() ? timers.at(seen.idiag_timer) : "a timer runs");
    if (seen.idiag_wqueue > 0) {
        socket.what += fmt::format(", {} bytes wait to be acknowledged", seen.idiag_wqueue);
    }
    constexpr std::size_t syn_sent = 2;
    if (info != nullptr && state != syn_sent) {
        socket.what += ", " + ages(*info);
    }
    return socket;
}

/// `0200C612:1F90`, each word of the address as the machine has it (tcp4_seq_show()).
[[nodiscard]] std::optional<wire::Endpoint> read_endpoint(std::string_view text) {
    const auto colon = text.find(':');
    constexpr std::size_t digits = 8;
    if (colon != digits && colon != 4 * digits) {
        return std::nullopt;
    }
    std::array<std::uint32_t, 4> words{};
    for (std::size_t i = 0; i * digits < colon; ++i) {
        const auto* begin = text.data() + i * digits;
        std::from_chars(begin, begin + digits, words.at(i), 16);
    }
    wire::Endpoint end{address(colon == digits ? AF_INET : AF_INET6, words.data()), 0};
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), end.port, 16);
    return end;
}

// A head, then `sl local remote state tx:rx timer:when retries uid timeout inode …`.
[[nodiscard]] std::vector<std::pair<std::uint64_t, Socket>> read_table(pid_t process,
                                                                       const char* table) {
    std::vector<std::pair<std::uint64_t, Socket>> sockets;
    constexpr std::size_t most_sockets = 10'000;
    std::ifstream file(fmt::format("/proc/{}/net/{}", process, table));
    std::string line;
    std::getline(file, line);
    const bool tcp = table[0] == 't';
    for (std::size_t n = 0; n < most_sockets && std::getline(file, line); ++n) {
        std::istringstream fields(line);
        std::array<std::string, 9> field;
        std::uint64_t inode = 0;
        for (std::string& one : field) {
            fields >> one;
        }
        if (!(fields >> inode)) {
            continue;
        }
        const auto near = read_endpoint(field[1]);
        const auto far = read_endpoint(field[2]);
        if (!near || !far) {
            continue;
        }
        Socket socket{{}, *near, *far, tcp};
        const auto number = std::strtoul(field[3].c_str(), nullptr, 16);
        if (!tcp) {
            socket.what = far->port != 0 ? "a UDP socket to " + far->to_string() : "a UDP socket";
        } else if (number == listen_state) {
            socket.what = "a TCP socket that listens at " + near->to_string();
        } else {
            socket.what =
                fmt::format("a TCP connection to {}, {}", far->to_string(), state_name(number));
        }
        sockets.emplace_back(inode, std::move(socket));
    }
    return sockets;
}

struct Request {
    nlmsghdr header;
    inet_diag_req_v2 what;
};

}  // namespace

SocketTable::SocketTable(pid_t process) {
    const bool asked = ask_there(process);
    for (const char* table : {"tcp", "tcp6", "udp", "udp6"}) {
        if (!asked || table[0] == 'u') {
            for (auto& [inode, socket] : read_table(process, table)) {
                by_inode_.insert_or_assign(inode, std::move(socket));
            }
        }
    }
}

bool SocketTable::ask_there(pid_t process) {
    // A socket belongs to the namespace in which it was opened, so the caller's is left only for
    // that moment.
    const FileDescriptor own(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const FileDescriptor theirs(
        open(fmt::format("/proc/{}/ns/net", process).c_str(), O_RDONLY | O_CLOEXEC));
    if (!own || !theirs || setns(theirs.get(), CLONE_NEWNET) != 0) {
        return false;
    }
    ask(AF_INET);
    ask(AF_INET6);
    setns(own.get(), CLONE_NEWNET);
    return !by_inode_.empty();
}

void SocketTable::ask(int family) {
    const FileDescriptor netlink(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    Request request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.what.sdiag_family = static_cast<__u8>(family);
    request.what.sdiag_protocol = IPPROTO_TCP;
    request.what.idiag_ext = 1U << (INET_DIAG_INFO - 1);
    request.what.idiag_states = ~0U;
    if (send(netlink.get(), &request, sizeof request, 0) < 0) {
        return;
    }
    std::vector<char> buffer(std::size_t{64} * 1024);
    while (true) {
        const ssize_t got = recv(netlink.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return;
        }
        auto left = static_cast<unsigned>(got);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
                return;
            }
            const auto* socket = static_cast<const inet_diag_msg*>(NLMSG_DATA(message));
            tcp_info info{};
            bool has_info = false;
            auto rest = static_cast<int>(message->nlmsg_len - NLMSG_LENGTH(sizeof *socket));
            for (auto* part = reinterpret_cast<rtattr*>(reinterpret_cast<char*>(message) +
                                                        NLMSG_LENGTH(sizeof *socket));
                 RTA_OK(part, rest); part = RTA_NEXT(part, rest)) {
                if (part->rta_type == INET_DIAG_INFO) {
                    std::memcpy(&info, RTA_DATA(part),
                                std::min<std::size_t>(sizeof info, RTA_PAYLOAD(part)));
                    has_info = true;
                }
            }
            by_inode_[socket->idiag_inode] = describe_socket(*socket, has_info ? &info : nullptr);
        }
    }
}

std::vector<Socket> tcp_sockets(pid_t process) {
    std::vector<Socket> sockets;
    for (const char* table : {"tcp", "tcp6"}) {
        for (auto& [inode, socket] : read_table(process, table)) {
            sockets.push_back(std::move(socket));
        }
    }
    return sockets;
}

const Socket* SocketTable::find(std::uint64_t inode) const {
    const auto found = by_inode_.find(inode);
    return found == by_inode_.end() ? nullptr : &found->second;
}

}  // namespace ghostpeer::process
