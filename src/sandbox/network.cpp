#include "sandbox/network.hpp"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ghostpeer::sandbox {

namespace {

// LOOPBACK_IFINDEX of the kernel: lo is the first interface of every network namespace.
constexpr unsigned loopback_index = 1;

// RFC 8200 section 5; with less, addrconf_notify() removes IPv6 from the interface.
constexpr std::uint16_t ipv6_minimum_mtu = 1280;

// Of an interface that is configured anew, after rules have changed it.
constexpr netlink::Batch::Tolerated still_there = {EEXIST};
constexpr netlink::Batch::Tolerated no_ipv6_or_there = {EEXIST, EAFNOSUPPORT, EOPNOTSUPP, EACCES};
constexpr netlink::Batch::Tolerated cannot = {EOPNOTSUPP};
constexpr netlink::Batch::Tolerated not_there = {ESRCH, EAFNOSUPPORT, EOPNOTSUPP, EACCES};

tl::unexpected<Error> refused(const netlink::Refusal& refusal) {
    if (refusal.error == EOPNOTSUPP && refusal.what.find("virtual Ethernet") != std::string::npos) {
        return failed(netlink::sentence(refusal) +
                      " The kernel has no veth driver: load it with 'sudo modprobe veth', or use "
                      "a TUN device.");
    }
    return failed(netlink::sentence(refusal));
}

bool is_interface_name(const std::string& name) { return !name.empty() && name.size() < IFNAMSIZ; }

// Without it the kernel leaves checksums, and with them segmentation, to hardware that is not
// there: the peer would see checksums half done and segments larger than the MTU.
int disable_checksum_offload(const std::string& interface) {
    const FileDescriptor socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_value value{};
    value.cmd = ETHTOOL_STXCSUM;
    ifreq request{};
    std::copy(interface.begin(), interface.end(), request.ifr_name);
    request.ifr_data = reinterpret_cast<char*>(&value);
    return ioctl(socket_fd.get(), SIOCETHTOOL, &request) < 0 ? errno : 0;
}

}  // namespace

tl::expected<VethPair, Error> create_veth(const std::string& program_interface,
                                          const std::string& peer_interface) {
    if (!is_interface_name(program_interface) || !is_interface_name(peer_interface)) {
        return failed("The interface names '" + program_interface + "' and '" + peer_interface +
                      "' must have 1 to 15 characters.");
    }
    netlink::Batch creation;
    creation.create_veth(program_interface, program_mac, peer_interface, peer_mac);
    if (const auto done = creation.commit(); !done) {
        return refused(done.error());
    }
    if (const int error = disable_checksum_offload(program_interface); error != 0) {
        return failed("ghostpeer could not turn checksum offload off on " + program_interface +
                      ": " + strerror(error) + ".");
    }
    netlink::Batch peer;
    const unsigned index = if_nametoindex(peer_interface.c_str());
    peer.disable_address_generation(index, peer_interface, netlink::Batch::no_ipv6);
    peer.set_up_without_arp(index, peer_interface);
    if (const auto done = peer.commit(); !done) {
        return refused(done.error());
    }
    return VethPair{program_mac, peer_mac};
}

tl::expected<void, netlink::Refusal> bring_up_loopback() {
    netlink::Batch batch;
    batch.set_up(loopback_index, "lo");
    return batch.commit();
}

tl::expected<void, Error> add_loopback_address(const std::string& address) {
    netlink::Batch batch;
    batch.add_address(loopback_index, address);
    batch.add_local_route(loopback_index, address);
    if (const auto done = batch.commit(); !done) {
        return refused(done.error());
    }
    return {};
}

namespace {

tl::expected<void, Error> configure_loopback(std::uint16_t mtu) {
    constexpr std::uint16_t own = UINT16_MAX;  // 65536 to be exact, more than a packet can be
    netlink::Batch batch;
    if (mtu != own) {
        batch.set_mtu(loopback_index, loopback_interface, mtu);
    }
    if (const auto done = batch.commit(); !done) {
        return refused(done.error());
    }
    return {};
}

}  // namespace

tl::expected<void, Error> configure_interface(const LinkEnd& link, std::uint16_t mtu) {
    if (link.interface == loopback_interface) {
        return configure_loopback(mtu);
    }
    const unsigned index = if_nametoindex(link.interface.c_str());
    if (index == 0) {
        return failed("The interface '" + link.interface +
                      "' that ghostpeer has made for the program cannot be looked at: " +
                      std::strerror(errno) +
                      ". If the limit on open files is reached, raise it ('ulimit -n').");
    }
    netlink::Batch batch;
    // First, as a link-local address would be made up the moment that the interface is up.
    batch.disable_address_generation(index, link.interface, netlink::Batch::no_ipv6);
    batch.set_mtu(index, link.interface, mtu);
    batch.set_up_without_arp(index, link.interface);
    batch.add_address(index, program_address_v4, still_there);
    batch.add_host_route(index, peer_address_v4, still_there);
    batch.add_default_route(index, peer_address_v4, still_there);
    if (link.gateway_mac) {
        batch.add_neighbour(index, peer_address_v4, *link.gateway_mac);
    }
    if (mtu >= ipv6_minimum_mtu) {
        batch.add_address(index, program_address_v6, no_ipv6_or_there);
        batch.add_local_route(index, program_address_v6, no_ipv6_or_there);
        batch.add_host_route(index, peer_address_v6, no_ipv6_or_there);
        batch.add_default_route(index, peer_address_v6, no_ipv6_or_there);
        if (link.gateway_mac) {
            batch.add_neighbour(index, peer_address_v6, *link.gateway_mac, netlink::Batch::no_ipv6);
        }
    }
    if (const auto done = batch.commit(); !done) {
        return refused(done.error());
    }
    return {};
}

tl::expected<void, Error> set_interface(const LinkEnd& link, std::uint16_t mtu, InterfaceState to) {
    const unsigned index = if_nametoindex(link.interface.c_str());
    const unsigned cable = link.gateway_mac ? if_nametoindex(link.peer_interface.c_str()) : 0;
    const auto set_carrier = [&](netlink::Batch& batch, bool on) {
        if (cable == 0) {
            // Old kernels do not know how (Linux 5.0), and have it on then.
            batch.set_carrier(index, link.interface, on, on ? cannot : netlink::Batch::Tolerated{});
        } else if (on) {
            batch.set_up_without_arp(cable, link.peer_interface);
        } else {
            batch.set_down(cable, link.peer_interface);
        }
    };
    netlink::Batch batch;
    if (to == InterfaceState::down) {
        batch.set_down(index, link.interface);
    } else {
        // Each state is the whole of it, whatever was before.
        set_carrier(batch, true);
    }
    if (const auto done = batch.commit(); !done) {
        return refused(done.error());
    }
    if (to == InterfaceState::down) {
        return {};
    }
    if (auto restored = configure_interface(link, mtu); !restored) {
        return restored;
    }
    netlink::Batch change;
    if (to == InterfaceState::no_carrier) {
        set_carrier(change, false);
    } else if (to == InterfaceState::no_route) {
        change.remove_default_route(index, peer_address_v4, not_there);
        change.remove_host_route(index, peer_address_v4, not_there);
        change.remove_default_route(index, peer_address_v6, not_there);
        change.remove_host_route(index, peer_address_v6, not_there);
    }
    if (const auto done = change.commit(); !done) {
        return refused(done.error());
    }
    return {};
}

}  // namespace ghostpeer::sandbox
