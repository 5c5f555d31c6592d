#include "observe/inet_diag.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <array>
#include <cstring>

namespace ghostpeer::observe {

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

wire::Endpoint local_endpoint(const inet_diag_msg& message) {
    return endpoint(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
}

wire::Endpoint remote_endpoint(const inet_diag_msg& message) {
    return endpoint(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
}

}  // namespace ghostpeer::observe
