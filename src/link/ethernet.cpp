#include "link/ethernet.hpp"

#include "link/device.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ghostpeer::link {

namespace {

/// Room for some 20,000 SYNs at once, which take about 1 KiB each in the kernel.
constexpr int buffer_bytes = 32 * 1024 * 1024;

tl::unexpected<Error> failure(const std::string& name, int code) {
    std::string message = "The packet socket on " + name + " cannot be opened: ";
    switch (code) {
        case EPERM:
        case EACCES:
            message +=
                "that needs CAP_NET_RAW in the network namespace, which this process does not "
                "have. Use --link tun, or run where user namespaces are allowed.";
            break;
        case EAFNOSUPPORT: message += no_packet_sockets; break;
        case ENODEV: message += "there is no interface of that name."; break;
        default: message += std::string(std::strerror(code)) + ". Use --link tun.";
    }
    return tl::unexpected(Error{std::move(message), code});
}

bool set_option(const FileDescriptor& socket, int level, int option, int value) noexcept {
    return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

void enlarge(const FileDescriptor& socket, int forced, int limited) noexcept {
    if (!set_option(socket, SOL_SOCKET, forced, buffer_bytes)) {
        (void)set_option(socket, SOL_SOCKET, limited, buffer_bytes);
    }
}

class EthernetLink final : public DeviceLink {
  public:
    EthernetLink(FileDescriptor socket, const MacAddress& own_mac, const MacAddress& program_mac,
                 std::uint16_t mtu)
        : DeviceLink(std::move(socket), mtu, ETH_HLEN, true),
          header_v4_(header(own_mac, program_mac, ETH_P_IP)),
          header_v6_(header(own_mac, program_mac, ETH_P_IPV6)) {}

    [[nodiscard]] std::string describe() const override {
        return "packet socket on a veth pair, MTU " + std::to_string(mtu());
    }

  private:
    using Header = std::array<std::uint8_t, ETH_HLEN>;

    static Header header(const MacAddress& from, const MacAddress& to, std::uint16_t type) {
        Header bytes{};
        std::copy(from.begin(), from.end(), std::copy(to.begin(), to.end(), bytes.begin()));
        write_u16(bytes, 2 * ETH_ALEN, type);
        return bytes;
    }

    [[nodiscard]] bool carries_ip(ByteView frame) noexcept override {
        const std::uint32_t type = read_u16(frame, 2 * ETH_ALEN);
        return type == ETH_P_IP || type == ETH_P_IPV6;
    }

    [[nodiscard]] ByteView header_for(ByteView ip_packet) noexcept override {
        return ip_packet[0] >> 4 == 6 ? header_v6_ : header_v4_;
    }

    [[nodiscard]] ReceiveStatus status_of(int error) const noexcept override {
        return packet_socket_status(poll_fd(), error);
    }

    Header header_v4_;
    Header header_v6_;
};

}  // namespace

ReceiveStatus packet_socket_status(int socket, int error) noexcept {
    const auto gone = [&] {
        sockaddr_ll bound{};
        socklen_t size = sizeof bound;
        return ::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0 ||
               bound.sll_ifindex <= 0;
    };
    switch (error) {
        case EAGAIN: return {ReceiveStatus::Kind::drained};
        // packet_notifier says ENETDOWN both when the interface goes down, from where it may come
        // back, and when it goes away, which leaves the socket bound to none.
        case ENETDOWN: return {gone() ? ReceiveStatus::Kind::closed : ReceiveStatus::Kind::more};
        // virtio_net_hdr_from_skb does not know how to describe the packet (UDP segmentation on old
        // kernels); it has been dropped.
        case EINVAL: return {ReceiveStatus::Kind::more};
        default: return {ReceiveStatus::Kind::failed, error};
    }
}

bool set_filter(int socket, const std::vector<sock_filter>& filter) {
    // The kernel copies it; sock_fprog has no const form.
    const sock_fprog program{static_cast<unsigned short>(filter.size()),
                             const_cast<sock_filter*>(filter.data())};
    return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

tl::expected<FileDescriptor, Error> open_packet_socket(const std::string& name,
                                                       const std::vector<sock_filter>& filter) {
    const unsigned index = ::if_nametoindex(name.c_str());
    if (index == 0) {
        return failure(name, errno);
    }
    // Protocol 0 receives nothing until bind, so no packet of another interface gets in.
    FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket || !set_option(socket, SOL_PACKET, PACKET_VNET_HDR, 1) ||
        !set_option(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) ||
        (!filter.empty() && !set_filter(socket.get(), filter))) {
        return failure(name, errno);
    }
    // No PACKET_QDISC_BYPASS: __dev_direct_xmit drops what the interface does not segment itself.
    // By the ordinary way the kernel cuts such a burst.
    enlarge(socket, SO_RCVBUFFORCE, SO_RCVBUF);
    enlarge(socket, SO_SNDBUFFORCE, SO_SNDBUF);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(index);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return failure(name, errno);
    }
    return socket;
}

std::unique_ptr<Link> make_ethernet_link(FileDescriptor socket, const MacAddress& own_mac,
                                         const MacAddress& program_mac, std::uint16_t mtu) {
    return std::make_unique<EthernetLink>(std::move(socket), own_mac, program_mac, mtu);
}

}  // namespace ghostpeer::link
