// ARP (RFC 826, RFC 5227), neighbour discovery (RFC 4861) and multicast listener reports (RFC 3810)
// as Ethernet frames. Small and bounded; what does not hold together is no message.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "link/big_endian.hpp"
#include "link/ethernet.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::link {

using Frame = std::vector<std::uint8_t>;

/// `02:67:70:00:00:01`
[[nodiscard]] std::string to_string(const MacAddress& mac);

/// What a frame says of neighbours.
struct NeighbourMessage {
    enum class Kind : std::uint8_t {
        request,  ///< ARP request or neighbour solicitation: who has `target`?
        reply,    ///< ARP reply or neighbour advertisement: `target` is at `mac`
        query,    ///< a router asks for multicast groups (MLD); nothing else is set
    };
    Kind kind = Kind::request;
    /// Of a request: who asks; nothing: it probes, because the address it asks for may become its
    /// own (ARP sender 0.0.0.0, RFC 5227; IPv6 source ::, RFC 4862).
    std::optional<wire::IpAddress> sender;
    wire::IpAddress target;  ///< of a reply: the address that it tells of
    MacAddress mac{};        ///< the sender's own, as the message says, else the frame's source
    MacAddress source{};     ///< the frame's source
};

/// The message of a frame; nothing for any other frame. Neighbour discovery with a hop limit
/// other than 255, a wrong checksum or an option of length 0 is none (RFC 4861, 7.1).
[[nodiscard]] std::optional<NeighbourMessage> parse_neighbour_message(ByteView frame);

/// Who has `target`? Asked by nobody yet: a probe. Family by the target.
[[nodiscard]] Frame make_probe(const MacAddress& own, const wire::IpAddress& target);
/// Who has `target`? Asked by `sender`, an address of the same family.
[[nodiscard]] Frame make_request(const MacAddress& own, const wire::IpAddress& sender,
                                 const wire::IpAddress& target);
/// `address` is at `own`, to everybody: a gratuitous ARP request, or an unsolicited advertisement.
[[nodiscard]] Frame make_announcement(const MacAddress& own, const wire::IpAddress& address);
/// The answer to a request for `address`; to everybody where the asker probes.
[[nodiscard]] Frame make_reply(const MacAddress& own, const wire::IpAddress& address,
                               const NeighbourMessage& request);
/// We listen to the solicited-node groups of these IPv6 addresses, for bridges and routers that
/// forward multicast only where it is wanted. Source `::` as RFC 3590 allows.
[[nodiscard]] Frame make_listener_report(const MacAddress& own,
                                         const std::vector<wire::IpAddress>& addresses);

/// The Ethernet group of an IPv6 address's solicited-node multicast address (RFC 4291, RFC 2464).
[[nodiscard]] MacAddress solicited_node_mac(const wire::IpAddress& address);

}  // namespace ghostpeer::link
