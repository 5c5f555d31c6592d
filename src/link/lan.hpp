// Packets on a real network segment: an interface that is there already, and addresses that the
// peer claims on it.
#pragma once

#include "link/presence.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ghostpeer::link {

/// Whose MAC address the peer has.
enum class MacChoice : std::uint8_t {
    own,        ///< a locally administered one, so that this host's own TCP/IP sees none of it
    interface,  ///< the interface's, for segments that carry no other (Wi-Fi, many clouds)
};

struct LanSpec {
    std::string interface;
    MacChoice mac = MacChoice::own;
    std::vector<OwnAddress> addresses;
};

/// What the interface is, and descriptors that work in any process and namespace.
struct Lan {
    FileDescriptor packets;     ///< for `make_lan_link`; receives nothing until `admit`
    FileDescriptor neighbours;  ///< ARP, neighbour discovery and MLD, whole frames
    FileDescriptor news;        ///< netlink: what this host's administrator does
    int index = 0;              ///< of the interface
    MacAddress own{};           ///< the peer's
    std::uint16_t mtu = 1500;
};

/// Opens the interface in the calling thread's network namespace. Needs CAP_NET_RAW there. Refuses
/// an interface that is not there, is down or is no Ethernet, and addresses that this host has.
[[nodiscard]] tl::expected<Lan, Error> open_lan(const LanSpec& spec);

/// Lets packets to these addresses in, and no others. False: errno says why.
[[nodiscard]] bool admit(int packets, const MacAddress& own,
                         const std::vector<wire::IpAddress>& addresses);

/// A link over `Lan::packets`. `presence` knows where packets go, and outlives the link. Sends
/// nothing from an address that was given up (EADDRNOTAVAIL).
[[nodiscard]] std::unique_ptr<Link> make_lan_link(FileDescriptor packets, const std::string& name,
                                                  const MacAddress& own, std::uint16_t mtu,
                                                  Presence& presence);

}  // namespace ghostpeer::link
