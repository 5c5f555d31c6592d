#include "warp/socket_table.hpp"

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
#include <cstring>
#include <vector>

namespace ghostpeer::warp {
namespace {

/// By number (include/net/tcp_states.h).
constexpr std::array<const char*, 13> states{
    "",       "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT",
    "CLOSED", "CLOSE-WAIT",  "LAST-ACK", "LISTEN",       "CLOSING",    "SYN-RECEIVED"};

/// idiag_timer, as inet_sk_diag_fill() and inet_twsk_diag_fill() set it.
constexpr std::array<const char*, 5> timers{"no timer is running", "the retransmission timer runs",
                                            "the keepalive timer runs", "the TIME-WAIT timer runs",
                                            "the window-probe timer runs"};

[[nodiscard]] std::string address(int family, const __be32* words, __be16 port) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(family, words, text.data(), text.size());
    return family == AF_INET6 ? fmt::format("[{}]:{}", text.data(), ntohs(port))
                              : fmt::format("{}:{}", text.data(), ntohs(port));
}

[[nodiscard]] std::string ages(const tcp_info& info) {
    constexpr double second = 1000.0;  // the ages are milliseconds
    const auto last = std::min({info.tcpi_last_data_recv, info.tcpi_last_ack_recv});
    return fmt::format("nothing has come from the peer for {:.3f} s", last / second);
}

[[nodiscard]] std::string describe_socket(const inet_diag_msg& socket, const tcp_info* info) {
    constexpr std::size_t listen = 10;
    const std::size_t state = socket.idiag_state;
    if (state == listen) {
        return fmt::format(
            "a TCP socket that listens at {}",
            address(socket.idiag_family, socket.id.idiag_src, socket.id.idiag_sport));
    }
    std::string text = fmt::format(
        "a TCP connection to {}, {}, {}",
        address(socket.idiag_family, socket.id.idiag_dst, socket.id.idiag_dport),
        state < states.size() ? states.at(state) : "in an unknown state",
        socket.idiag_timer < timers.size() ? timers.at(socket.idiag_timer) : "a timer runs");
    if (socket.idiag_wqueue > 0) {
        text += fmt::format(", {} bytes wait to be acknowledged", socket.idiag_wqueue);
    }
    constexpr std::size_t syn_sent = 2;
    if (info != nullptr && state != syn_sent) {
        text += ", " + ages(*info);
    }
    return text;
}

struct Request {
    nlmsghdr header;
    inet_diag_req_v2 what;
};

}  // namespace

SocketTable::SocketTable(pid_t process) {
    // A socket belongs to the namespace in which it was opened, so the caller's is left only for
    // that moment.
    const FileDescriptor own(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    const FileDescriptor theirs(
        open(fmt::format("/proc/{}/ns/net", process).c_str(), O_RDONLY | O_CLOEXEC));
    if (!own || !theirs || setns(theirs.get(), CLONE_NEWNET) != 0) {
        return;
    }
    ask(AF_INET);
    ask(AF_INET6);
    setns(own.get(), CLONE_NEWNET);
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

std::optional<std::string> SocketTable::describe(std::uint64_t inode) const {
    const auto found = by_inode_.find(inode);
    return found == by_inode_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ghostpeer::warp
