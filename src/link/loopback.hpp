// Packets on this host's own loopback interface, to and from ports that the kernel leaves alone.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "link/link.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace ghostpeer::link {

/// The largest IP packet; the interface's MTU is 65536.
inline constexpr std::uint16_t loopback_mtu = 65535;

/// What the link works with; each closes with the last descriptor.
struct LoopbackSockets {
    FileDescriptor capture;              ///< a packet socket on `lo`
    FileDescriptor raw_v4;               ///< empty where no peer has an IPv4 address
    FileDescriptor raw_v6;               ///< likewise
    std::vector<FileDescriptor> guards;  ///< the kernel is silent as long as they are open
    std::vector<wire::Endpoint> places;  ///< of the peers, in the order asked for; never port 0
};

/// In the calling thread's network namespace. `places`: where the peers are, those that dial with
/// each port that they dial from; see `guard_port` for the addresses 0.0.0.0 and ::, and for port
/// 0. Needs CAP_NET_RAW there, and nothing afterwards. All or nothing; the message of an error
/// names the way out.
[[nodiscard]] tl::expected<LoopbackSockets, Error> open_loopback_sockets(
    std::vector<wire::Endpoint> places);

/// A link over these, in any process and namespace; it need not hold the guards, but somebody has
/// to. It gives TCP to `places` alone and nothing else of the host's loopback: what the peers send
/// is not heard again, and ICMP is the kernel's. `mtu` in bytes: of the interface, and 65535 at
/// most. IPv4 headers leave with the length and the checksum that the kernel computes.
[[nodiscard]] std::unique_ptr<Link> make_loopback_link(LoopbackSockets sockets,
                                                       std::uint16_t mtu = loopback_mtu);

/// Both.
[[nodiscard]] tl::expected<std::unique_ptr<Link>, Error> open_loopback(
    std::vector<wire::Endpoint> places, std::uint16_t mtu = loopback_mtu);

}  // namespace ghostpeer::link
