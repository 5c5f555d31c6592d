#include "link/lan.hpp"

#include "link/device.hpp"
#include "link/host_news.hpp"
#include "link/lan_filter.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace ghostpeer::link {
namespace {

[[nodiscard]] tl::unexpected<Error> fail(std::string message, int code = 0) {
    return tl::unexpected(Error{std::move(message), code});
}

[[nodiscard]] tl::unexpected<Error> not_permitted(const std::string& name, int code) {
    if (code == EPERM || code == EACCES) {
        return fail("ghostpeer may not use the interface " + name +
                        " itself: that needs CAP_NET_RAW in its network namespace. Run it as root "
                        "or with that capability (`sudo setcap cap_net_raw+ep ghostpeer`), or with "
                        "--netns in a namespace of your own.",
                    code);
    }
    return fail("ghostpeer could not open the interface " + name + ": " + std::strerror(code) + ".",
                code);
}

// The interface -----------------------------------------------------------------------------------

struct Facts {
    int index = 0;
    MacAddress mac{};
    std::uint16_t mtu = 0;
};

[[nodiscard]] std::string interfaces() {
    std::string names;
    if (struct if_nameindex* const all = ::if_nameindex()) {
        for (const struct if_nameindex* one = all; one->if_name != nullptr; ++one) {
            names += (names.empty() ? "" : ", ") + std::string(one->if_name);
        }
        ::if_freenameindex(all);
    }
    return names;
}

/// SIOCGIWNAME; <linux/wireless.h> does not go together with <net/if.h>.
constexpr unsigned long ask_wireless_name = 0x8b01;

[[nodiscard]] tl::expected<Facts, Error> examine(const std::string& name, MacChoice mac) {
    const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    const auto ask = [&](unsigned long what) {
        request = {};
        name.copy(request.ifr_name, IFNAMSIZ - 1);
        return ::ioctl(socket.get(), what, &request) == 0;
    };
    if (name.size() >= IFNAMSIZ || !ask(SIOCGIFINDEX)) {
        return fail("There is no interface " + name + " here. There are: " + interfaces() + ".",
                    ENODEV);
    }
    Facts facts;
    facts.index = request.ifr_ifindex;
    if (!ask(SIOCGIFFLAGS)) {
        return not_permitted(name, errno);
    }
    const int flags = request.ifr_flags;
    if ((flags & IFF_LOOPBACK) != 0) {
        return fail(name +
                        " is the loopback interface, on which nobody can claim an address. Use "
                        "`serve --link loopback`.",
                    EINVAL);
    }
    if (!ask(SIOCGIFHWADDR) || request.ifr_hwaddr.sa_family != ARPHRD_ETHER ||
        (flags & (IFF_POINTOPOINT | IFF_NOARP)) != 0) {
        return fail(name +
                        " is no Ethernet interface, or one without ARP: nobody on it could find "
                        "the peer's address. Use `serve --link tun`, and route the address to "
                        "this host.",
                    EINVAL);
    }
    std::copy_n(request.ifr_hwaddr.sa_data, facts.mac.size(),
                reinterpret_cast<char*>(facts.mac.data()));
    if ((flags & IFF_UP) == 0) {
        return fail(
            "The interface " + name + " is down. Bring it up: `ip link set " + name + " up`.",
            ENETDOWN);
    }
    if (!ask(SIOCGIFMTU)) {
        return not_permitted(name, errno);
    }
    facts.mtu = static_cast<std::uint16_t>(std::clamp(request.ifr_mtu, 576, 65535));
    if (mac == MacChoice::own && ask(ask_wireless_name)) {
        return fail(name +
                        " is a Wi-Fi interface, whose access point carries no MAC address but "
                        "the interface's own. Use `--mac interface`.",
                    EINVAL);
    }
    return facts;
}

/// With the interface's MAC this host's kernel takes the peer's packets for its own to forward.
[[nodiscard]] bool forwards(const std::string& interface) {
    for (const std::string& file : {"/proc/sys/net/ipv4/conf/" + interface + "/forwarding",
                                    std::string("/proc/sys/net/ipv6/conf/all/forwarding")}) {
        std::ifstream setting(file);
        int value = 0;
        if (setting >> value && value != 0) {
            return true;
        }
    }
    return false;
}

[[nodiscard]] wire::IpAddress address_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        return wire::IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    }
    std::array<std::uint8_t, 16> bytes{};
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return wire::IpAddress::v6(bytes);
}

/// A sentence where this host has one of the addresses.
[[nodiscard]] std::optional<std::string> of_this_host(const std::vector<OwnAddress>& addresses) {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) {
        return std::nullopt;
    }
    std::optional<std::string> found;
    for (const ifaddrs* one = list; one != nullptr && !found; one = one->ifa_next) {
        if (one->ifa_addr == nullptr ||
            (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6)) {
            continue;
        }
        const wire::IpAddress address = address_of(*one->ifa_addr);
        for (const OwnAddress& own : addresses) {
            if (own.address == address) {
                found = "The address " + address.to_string() + " is this host's own (" +
                        one->ifa_name +
                        "). The peer needs one that nobody has; or use `serve --link loopback`, "
                        "which takes single ports of an address of this host.";
            }
        }
    }
    ::freeifaddrs(list);
    return found;
}

/// The same in each run, so that neighbours that remember it go on finding the peer, and another
/// one on each host.
[[nodiscard]] MacAddress derive_mac(const MacAddress& interface, const wire::IpAddress& address) {
    std::uint32_t hash = 2166136261U;  // FNV-1a
    const auto mix = [&](const auto& bytes) {
        for (const std::uint8_t byte : bytes) {
            hash = (hash ^ byte) * 16777619U;
        }
    };
    mix(interface);
    mix(address.bytes());
    MacAddress mac{0x02, 0x67};
    write_u32(MutableBytes(mac).subspan(2), 0, hash);
    return mac;
}

// Sockets -----------------------------------------------------------------------------------------

[[nodiscard]] bool join(const FileDescriptor& socket, int index, unsigned short type,
                        const MacAddress& mac) {
    packet_mreq request{};
    request.mr_ifindex = index;
    request.mr_type = type;
    request.mr_alen = static_cast<unsigned short>(mac.size());
    std::copy(mac.begin(), mac.end(), request.mr_address);
    return ::setsockopt(socket.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request,
                        sizeof request) == 0;
}

[[nodiscard]] FileDescriptor open_neighbours(int index) {
    FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = index;
    const bool open =
        socket && set_filter(socket.get(), neighbour_filter()) &&
        ::setsockopt(socket.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) == 0 &&
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    return open ? std::move(socket) : FileDescriptor();
}

// The link ----------------------------------------------------------------------------------------

class LanLink final : public DeviceLink {
  public:
    LanLink(FileDescriptor socket, std::string name, const MacAddress& own, std::uint16_t mtu,
            Presence& presence)
        : DeviceLink(std::move(socket), mtu, ETH_HLEN, true),
          name_(std::move(name)),
          presence_(presence) {
        std::copy(own.begin(), own.end(), header_.begin() + ETH_ALEN);
    }

    [[nodiscard]] std::string describe() const override {
        return "packet socket on " + name_ + ", MTU " + std::to_string(mtu());
    }

    tl::expected<void, int> send(ByteView ip_packet) noexcept override {
        if (ip_packet.size() < 20 || (is_v6(ip_packet) && ip_packet.size() < 40)) {
            return tl::unexpected(EINVAL);
        }
        try {
            if (presence_.gave_up(source_of(ip_packet))) {
                return tl::unexpected(EADDRNOTAVAIL);
            }
            const wire::IpAddress destination = destination_of(ip_packet);
            if (presence_.find(destination) == nullptr) {
                presence_.park(destination, ip_packet);
                return {};
            }
        } catch (...) {
            return tl::unexpected(ENOMEM);
        }
        return DeviceLink::send(ip_packet);
    }

  private:
    [[nodiscard]] static bool is_v6(ByteView packet) noexcept { return packet[0] >> 4 == 6; }
    [[nodiscard]] static wire::IpAddress v6_at(ByteView packet, std::size_t at) {
        std::array<std::uint8_t, 16> bytes{};
        std::copy_n(packet.begin() + static_cast<std::ptrdiff_t>(at), bytes.size(), bytes.begin());
        return wire::IpAddress::v6(bytes);
    }
    [[nodiscard]] static wire::IpAddress source_of(ByteView packet) {
        return is_v6(packet) ? v6_at(packet, 8) : wire::IpAddress::v4(read_u32(packet, 12));
    }
    [[nodiscard]] static wire::IpAddress destination_of(ByteView packet) {
        return is_v6(packet) ? v6_at(packet, 24) : wire::IpAddress::v4(read_u32(packet, 16));
    }

    [[nodiscard]] bool carries_ip(ByteView frame) noexcept override {
        const ByteView packet = frame.subspan(ETH_HLEN);
        if (packet.size() < 20 || (is_v6(packet) && packet.size() < 40)) {
            return false;
        }
        try {
            MacAddress source{};
            std::copy_n(frame.begin() + ETH_ALEN, source.size(), source.begin());
            presence_.learn(source_of(packet), source);
        } catch (...) {
            return false;  // no memory: as if it had been lost
        }
        return true;
    }

    [[nodiscard]] ByteView header_for(ByteView ip_packet) noexcept override {
        // `send` has seen to it that the destination is known.
        const MacAddress* const to = presence_.find(destination_of(ip_packet));
        if (to != nullptr) {
            std::copy(to->begin(), to->end(), header_.begin());
        }
        write_u16(header_, 2 * ETH_ALEN, is_v6(ip_packet) ? ETH_P_IPV6 : ETH_P_IP);
        return header_;
    }

    [[nodiscard]] ReceiveStatus status_of(int error) const noexcept override {
        return packet_socket_status(poll_fd(), error);
    }

    std::string name_;
    Presence& presence_;
    std::array<std::uint8_t, ETH_HLEN> header_{};
};

}  // namespace

tl::expected<Lan, Error> open_lan(const LanSpec& spec) {
    const auto facts = examine(spec.interface, spec.mac);
    if (!facts) {
        return tl::unexpected(facts.error());
    }
    if (spec.mac == MacChoice::interface && forwards(spec.interface)) {
        return fail(
            "This host forwards packets (net.ipv4.ip_forward), so with `--mac interface` "
            "it would answer the peer's packets with ICMP errors. Leave --mac out, or turn "
            "forwarding off.");
    }
    Lan lan;
    lan.index = facts->index;
    lan.mtu = facts->mtu;
    lan.own = spec.mac == MacChoice::interface || spec.addresses.empty()
                  ? facts->mac
                  : derive_mac(facts->mac, spec.addresses.front().address);
    // Told of new ones before the present ones are looked at.
    lan.news = open_news();
    if (const auto problem = of_this_host(spec.addresses)) {
        return fail(*problem, EADDRINUSE);
    }
    auto packets = open_packet_socket(spec.interface, packet_filter(lan.own, {}));
    if (!packets) {
        return not_permitted(spec.interface, packets.error().code);
    }
    lan.packets = std::move(*packets);
    lan.neighbours = open_neighbours(lan.index);
    if (!lan.neighbours || !lan.news) {
        return not_permitted(spec.interface, errno);
    }
    if (spec.mac == MacChoice::own && !join(lan.packets, lan.index, PACKET_MR_UNICAST, lan.own)) {
        return fail("The interface " + spec.interface + " takes no second MAC address (" +
                        std::strerror(errno) + "). Use `--mac interface`.",
                    errno);
    }
    for (const OwnAddress& own : spec.addresses) {
        if (!own.address.is_v4()) {
            constexpr MacAddress all_nodes = {0x33, 0x33, 0, 0, 0, 1};
            (void)join(lan.neighbours, lan.index, PACKET_MR_MULTICAST, all_nodes);
            (void)join(lan.neighbours, lan.index, PACKET_MR_MULTICAST,
                       solicited_node_mac(own.address));
        }
    }
    return lan;
}

bool admit(int packets, const MacAddress& own, const std::vector<wire::IpAddress>& addresses) {
    return set_filter(packets, packet_filter(own, addresses));
}

std::unique_ptr<Link> make_lan_link(FileDescriptor packets, const std::string& name,
                                    const MacAddress& own, std::uint16_t mtu, Presence& presence) {
    return std::make_unique<LanLink>(std::move(packets), name, own, mtu, presence);
}

}  // namespace ghostpeer::link
