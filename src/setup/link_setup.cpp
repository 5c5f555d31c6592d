#include "setup/link_setup.hpp"

#include "link/ethernet.hpp"
#include "link/loopback.hpp"
#include "link/tun.hpp"
#include "posix/socket_address.hpp"

namespace ghostpeer::setup {
namespace {

constexpr const char* program_interface = "ghost0";
constexpr const char* peer_interface = "ghost1";

[[nodiscard]] tl::expected<sandbox::LinkEnd, sandbox::Error> open_tun() {
    auto fd = link::open_tun_device(program_interface);
    if (!fd) {
        return tl::make_unexpected(
            sandbox::Error{sandbox::Error::Kind::not_permitted, fd.error().message});
    }
    return sandbox::LinkEnd{FileDescriptor(fd->release()), program_interface, {}, {}};
}

[[nodiscard]] tl::expected<sandbox::LinkEnd, sandbox::Error> open_ethernet() {
    const auto pair = sandbox::create_veth(program_interface, peer_interface);
    if (!pair) {
        return tl::make_unexpected(pair.error());
    }
    auto fd = link::open_packet_socket(peer_interface);
    if (!fd) {
        return tl::make_unexpected(
            sandbox::Error{sandbox::Error::Kind::failed, fd.error().message});
    }
    sandbox::LinkEnd end{FileDescriptor(fd->release()), program_interface, pair->peer_mac, {}};
    end.peer_interface = peer_interface;
    return end;
}

/// Not where the kernel was built without, or nobody may have it.
[[nodiscard]] bool have_ipv6() {
    const SocketAddress address = socket_address({*wire::IpAddress::parse("::1"), 0});
    const FileDescriptor socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return socket && ::bind(socket.get(), address.get(), address.length) == 0;
}

[[nodiscard]] tl::expected<sandbox::LinkEnd, sandbox::Error> open_loopback(
    const LoopbackPlaces& loopback) {
    for (const std::string& address : loopback.addresses) {
        if (const auto added = sandbox::add_loopback_address(address); !added) {
            return tl::make_unexpected(added.error());
        }
    }
    std::vector<wire::Endpoint> places = loopback.places;
    if (have_ipv6()) {
        places.insert(places.end(), loopback.with_ipv6.begin(), loopback.with_ipv6.end());
    }
    auto sockets = link::open_loopback_sockets(std::move(places));
    if (!sockets) {
        return tl::make_unexpected(
            sandbox::Error{sandbox::Error::Kind::failed, sockets.error().message});
    }
    sandbox::LinkEnd end{std::move(sockets->capture), sandbox::loopback_interface, {}, {}};
    // One of the two may be empty; each tells by its family which it is.
    for (FileDescriptor* raw : {&sockets->raw_v4, &sockets->raw_v6}) {
        if (*raw) {
            end.companions.push_back(std::move(*raw));
        }
    }
    end.held = std::move(sockets->guards);
    return end;
}

[[nodiscard]] std::unique_ptr<link::Link> make_loopback_link(sandbox::LinkEnd& end,
                                                             std::uint16_t mtu,
                                                             const LoopbackPlaces& loopback) {
    link::LoopbackSockets sockets;
    sockets.capture = FileDescriptor(end.fd.release());
    for (FileDescriptor& raw : end.companions) {
        int family = 0;
        socklen_t size = sizeof family;
        ::getsockopt(raw.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
        (family == AF_INET ? sockets.raw_v4 : sockets.raw_v6) = std::move(raw);
    }
    sockets.places = loopback.places;
    sockets.places.insert(sockets.places.end(), loopback.with_ipv6.begin(),
                          loopback.with_ipv6.end());
    return link::make_loopback_link(std::move(sockets), mtu);
}

}  // namespace

std::function<tl::expected<sandbox::LinkEnd, sandbox::Error>()> link_opener(
    LinkChoice choice, const LoopbackPlaces& loopback) {
    switch (choice) {
        case LinkChoice::loopback: return [loopback] { return open_loopback(loopback); };
        case LinkChoice::tun: return open_tun;
        case LinkChoice::ethernet: return open_ethernet;
        case LinkChoice::automatic: break;
    }
    return [] {
        auto tun = open_tun();
        return tun ? std::move(tun) : open_ethernet();
    };
}

std::unique_ptr<link::Link> make_link(sandbox::LinkEnd& end, std::uint16_t mtu,
                                      const LoopbackPlaces& loopback) {
    if (end.interface == sandbox::loopback_interface) {
        return make_loopback_link(end, mtu, loopback);
    }
    FileDescriptor fd(end.fd.release());
    if (end.gateway_mac) {
        return link::make_ethernet_link(std::move(fd), *end.gateway_mac, sandbox::program_mac, mtu);
    }
    return link::make_tun_link(std::move(fd), mtu);
}

}  // namespace ghostpeer::setup
