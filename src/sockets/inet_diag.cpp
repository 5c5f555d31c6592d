#include "sockets/inet_diag.hpp"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace ghostpeer::sockets {

namespace {

wire::Endpoint endpoint(std::uint8_t family, const __be32* address, __be16 port) {
    wire::Endpoint made;
    if (family == AF_INET) {
        made.address = wire::IpAddress::v4(ntohl(address[0]));
    } else {
        std::array<std::uint8_t, 16> bytes{};
        std::memcpy(bytes.data(), address, bytes.size());
        made.address = wire::IpAddress::v6(bytes);
    }
    made.port = ntohs(port);
    return made;
}

}  // namespace

int ask_for_sockets(int fd, int family, std::uint32_t states, std::uint32_t round) {
    std::array<char, 256> bytes{};
    auto* header = mnl_nlmsg_put_header(bytes.data());
    header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = round;
    auto* request = static_cast<inet_diag_req_v2*>(
        mnl_nlmsg_put_extra_header(header, sizeof(inet_diag_req_v2)));
    request->sdiag_family = static_cast<std::uint8_t>(family);
    request->sdiag_protocol = IPPROTO_TCP;
    request->idiag_states = states;
    if (::send(fd, bytes.data(), header->nlmsg_len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        return 0;
    }
    const bool passes = errno == EINTR || errno == EBUSY || errno == ENOBUFS;
    return passes ? EAGAIN : errno;
}

wire::Endpoint local_endpoint(const inet_diag_msg& message) {
    return endpoint(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
}

wire::Endpoint remote_endpoint(const inet_diag_msg& message) {
    return endpoint(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
}

}  // namespace ghostpeer::sockets
