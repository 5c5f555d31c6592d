#include "link/loopback.hpp"

#include "ghostpeer/wire/codec.hpp"
#include "link/capture_filter.hpp"
#include "link/device.hpp"
#include "link/ethernet.hpp"
#include "link/port_guard.hpp"
#include "posix/socket_address.hpp"

#include <linux/if_ether.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unordered_set>

namespace ghostpeer::link {

namespace {

constexpr const char* interface = "lo";

[[nodiscard]] wire::IpAddress every_address(const wire::IpAddress& family_of) noexcept {
    return family_of.is_v4() ? wire::IpAddress::v4(0) : wire::IpAddress{};
}

tl::unexpected<Error> failure(int code) {
    std::string message = "The loopback link cannot be opened: ";
    switch (code) {
        case EPERM:
        case EACCES:
            message +=
                "to read and to write packets on lo needs CAP_NET_RAW in its network namespace, "
                "which this process does not have. Run ghostpeer as root or with that capability "
                "(`setcap cap_net_raw+ep`), or let `ghostpeer run --link loopback` make a private "
                "network, which needs no privilege.";
            break;
        case EAFNOSUPPORT: message += no_packet_sockets; break;
        case ENETDOWN:
        case ENODEV:
            message += "the interface lo is down. Set it up with `ip link set lo up`.";
            break;
        default: message += std::string(std::strerror(code)) + ". Use --link tun.";
    }
    return tl::unexpected(Error{std::move(message), code});
}

/// For as long as it lives, this process may open as many files as it may at all.
class RaisedFileLimit {
  public:
    RaisedFileLimit() noexcept {
        if (::getrlimit(RLIMIT_NOFILE, &before_) == 0) {
            const rlimit raised{before_.rlim_max, before_.rlim_max};
            raised_ = ::setrlimit(RLIMIT_NOFILE, &raised) == 0;
        }
    }
    ~RaisedFileLimit() {
        if (raised_) {
            (void)::setrlimit(RLIMIT_NOFILE, &before_);
        }
    }
    RaisedFileLimit(const RaisedFileLimit&) = delete;
    RaisedFileLimit& operator=(const RaisedFileLimit&) = delete;

  private:
    rlimit before_{};
    bool raised_ = false;
};

/// Which endpoints are the peers'.
class Places {
  public:
    explicit Places(const std::vector<wire::Endpoint>& places)
        : places_(places.begin(), places.end()) {}

    [[nodiscard]] bool hold(const wire::Endpoint& endpoint) const {
        return places_.contains(endpoint) ||
               places_.contains({every_address(endpoint.address), endpoint.port});
    }

  private:
    std::unordered_set<wire::Endpoint> places_;
};

class LoopbackLink final : public DeviceLink {
  public:
    LoopbackLink(LoopbackSockets sockets, std::uint16_t mtu)
        : DeviceLink(std::move(sockets.capture), mtu, ETH_HLEN, true),
          raw_v4_(std::move(sockets.raw_v4)),
          raw_v6_(std::move(sockets.raw_v6)),
          guards_(std::move(sockets.guards)),
          places_(sockets.places) {}

    tl::expected<void, int> send(ByteView ip_packet) noexcept override {
        constexpr std::size_t v4_header = 20;
        constexpr std::size_t v6_header = 40;
        const unsigned version = ip_packet.empty() ? 0U : ip_packet[0] >> 4U;
        if (ip_packet.size() > mtu()) {
            return tl::unexpected(EMSGSIZE);
        }
        if (version == 4 && ip_packet.size() >= v4_header) {
            return write(raw_v4_, {wire::IpAddress::v4(read_u32(ip_packet, 16)), 0}, ip_packet);
        }
        if (version == 6 && ip_packet.size() >= v6_header) {
            std::array<std::uint8_t, 16> to{};
            std::copy_n(ip_packet.begin() + 24, to.size(), to.begin());
            return write(raw_v6_, {wire::IpAddress::v6(to), 0}, ip_packet);
        }
        return tl::unexpected(EINVAL);
    }

    // Nothing is held back: a segment may have all of 64 KiB as it is.
    void begin_burst() noexcept override {}

    [[nodiscard]] std::string describe() const override {
        return "raw sockets on lo behind a port guard, MTU " + std::to_string(mtu());
    }

  private:
    static tl::expected<void, int> write(const FileDescriptor& socket, const wire::Endpoint& to,
                                         ByteView packet) noexcept {
        const SocketAddress address = socket_address(to);
        while (::sendto(socket.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                        address.get(), address.length) < 0) {
            if (errno != EINTR) {
                return tl::unexpected(errno);
            }
        }
        return {};
    }

    [[nodiscard]] bool carries_ip(ByteView frame) noexcept override {
        const auto flow = wire::peek_flow(frame.subspan(ETH_HLEN));
        // A packet from one peer to another could only be forged, and they would never stop.
        return flow && places_.hold(flow->local) && !places_.hold(flow->remote);
    }

    [[nodiscard]] ByteView header_for(ByteView /*ip_packet*/) noexcept override { return {}; }

    [[nodiscard]] ReceiveStatus status_of(int error) const noexcept override {
        switch (error) {
            case EAGAIN: return {ReceiveStatus::Kind::drained};
            // The interface has been set down and may come back; it cannot go away.
            case ENETDOWN:
            // virtio_net_hdr_from_skb does not know how to describe the packet, which is no TCP.
            case EINVAL: return {ReceiveStatus::Kind::more};
            default: return {ReceiveStatus::Kind::failed, error};
        }
    }

    FileDescriptor raw_v4_;
    FileDescriptor raw_v6_;
    std::vector<FileDescriptor> guards_;
    Places places_;
};

tl::expected<void, Error> open_guards(LoopbackSockets& sockets) {
    const RaisedFileLimit raised;
    const std::unordered_set<wire::Endpoint> all(sockets.places.begin(), sockets.places.end());
    std::unordered_set<wire::Endpoint> done;
    for (wire::Endpoint& place : sockets.places) {
        // A place that another one covers needs no guard of its own, and could have none.
        const wire::Endpoint wide{every_address(place.address), place.port};
        const bool covered = !done.insert(place).second || (place != wide && all.contains(wide));
        if (covered && place.port != 0) {
            continue;
        }
        auto guard = guard_port(place);
        if (!guard) {
            return tl::unexpected(std::move(guard.error()));
        }
        sockets.guards.push_back(std::move(*guard));
    }
    return {};
}

/// IPPROTO_RAW: headers are part of what is sent (raw(7)), and nothing is received.
[[nodiscard]] FileDescriptor open_raw(int family) noexcept {
    return FileDescriptor(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW));
}

}  // namespace

tl::expected<LoopbackSockets, Error> open_loopback_sockets(std::vector<wire::Endpoint> places) {
    LoopbackSockets sockets;
    sockets.places = std::move(places);
    if (auto guarded = open_guards(sockets); !guarded) {
        return tl::unexpected(std::move(guarded.error()));
    }
    std::vector<std::uint16_t> ports;
    for (const wire::Endpoint& place : sockets.places) {
        ports.push_back(place.port);
        FileDescriptor& raw = place.address.is_v4() ? sockets.raw_v4 : sockets.raw_v6;
        if (!raw) {
            raw = open_raw(place.address.is_v4() ? AF_INET : AF_INET6);
        }
        if (!raw) {
            return failure(errno);
        }
    }
    auto capture = open_packet_socket(interface, tcp_to_ports(std::move(ports)));
    if (!capture) {
        return failure(capture.error().code);
    }
    sockets.capture = std::move(*capture);
    return sockets;
}

std::unique_ptr<Link> make_loopback_link(LoopbackSockets sockets, std::uint16_t mtu) {
    return std::make_unique<LoopbackLink>(std::move(sockets), mtu);
}

tl::expected<std::unique_ptr<Link>, Error> open_loopback(std::vector<wire::Endpoint> places,
                                                         std::uint16_t mtu) {
    auto sockets = open_loopback_sockets(std::move(places));
    if (!sockets) {
        return tl::unexpected(std::move(sockets.error()));
    }
    return make_loopback_link(std::move(*sockets), mtu);
}

}  // namespace ghostpeer::link
