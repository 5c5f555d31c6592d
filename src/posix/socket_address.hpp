// Endpoints as the system calls want them.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace ghostpeer {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    [[nodiscard]] const sockaddr* get() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
    [[nodiscard]] int family() const noexcept { return storage.ss_family; }
};

[[nodiscard]] inline SocketAddress socket_address(const wire::Endpoint& endpoint) noexcept {
    SocketAddress address;
    if (endpoint.address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(endpoint.port);
        v4.sin_addr.s_addr = htonl(endpoint.address.v4_host_order());
        std::memcpy(&address.storage, &v4, sizeof(v4));
        address.length = sizeof(v4);
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(endpoint.port);
        std::memcpy(&v6.sin6_addr, endpoint.address.bytes().data(), sizeof(v6.sin6_addr));
        std::memcpy(&address.storage, &v6, sizeof(v6));
        address.length = sizeof(v6);
    }
    return address;
}

/// The port that a socket is bound to; 0 where it is to none.
[[nodiscard]] inline std::uint16_t bound_port(int fd) noexcept {
    sockaddr_in6 bound{};  // the port of a sockaddr_in lies at the same place
    socklen_t size = sizeof bound;
    static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0
               ? ntohs(bound.sin6_port)
               : std::uint16_t{0};
}

}  // namespace ghostpeer
