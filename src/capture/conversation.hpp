// A conversation as a capture shows it: the model that lists, profiles and comparisons are made of.
//
// `read_capture` (capture/read.hpp) makes it in one pass. Every conversation of the capture is
// there with what is told of it as a whole; its segments only where they were asked for.
#pragma once

#include "capture/oddity.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::capture {

/// Where the capture was made.
enum class Perspective : std::uint8_t { unknown, client, server, middle };
[[nodiscard]] std::string_view name(Perspective perspective) noexcept;
[[nodiscard]] std::optional<Perspective> parse_perspective(std::string_view word) noexcept;

/// How it is known which end is the client.
enum class Roles : std::uint8_t {
    syn,      ///< it sent the SYN
    syn_ack,  ///< the other sent a SYN+ACK
    ports,    ///< begins in the middle: the other's port is the lower one, or a well-known one
};

enum class Ended : std::uint8_t {
    open,         ///< not, as far as the capture goes
    closed,       ///< FIN both ways, both acknowledged
    half_closed,  ///< one FIN, and no more until the capture's end
    reset,        ///< `Conversation::ended_by` sent an RST when the two had spoken
    refused,      ///< RST in answer to the SYN
    unanswered,   ///< SYN, and nothing came back
    unreachable,  ///< ICMP in answer to the SYN
    lost,         ///< one end sent again and again, and nothing came back any more
};
[[nodiscard]] std::string_view name(Ended ended) noexcept;

/// One segment of a conversation that is kept. Duplicates (the same packet from two interfaces) are
/// no segments.
struct Segment {
    std::uint64_t packet = 0;  ///< its number in the file, from 1: that of tshark and Wireshark
    Duration at{};             ///< since the capture's first packet
    Side from = Side::client;

    wire::Flags flags{};
    wire::SeqNum seq{};  ///< as it stands in the header
    wire::SeqNum ack{};  ///< likewise; meaningful with the ACK flag only
    /// In the sender's stream: the SYN is 0, the first byte 1. Where the conversation begins in the
    /// middle, the first byte that was seen is 1. 64 bits: it does not wrap. May be negative.
    std::int64_t place = 0;
    std::int64_t ack_place = 0;  ///< likewise in the other's stream
    std::uint16_t window = 0;    ///< the header's field
    std::uint64_t offered = 0;   ///< the same in bytes: scaled where the handshake said so
    wire::Options options{};
    std::uint16_t urgent = 0;
    std::uint8_t ttl = 0;
    std::uint8_t tos = 0;
    bool dont_fragment = false;
    std::uint16_t ip_id = 0;

    std::uint32_t length = 0;  ///< payload bytes that were on the wire
    /// Those that are here: fewer than `length` where the snap length, or the bound on what is kept
    /// of one conversation, cut them.
    wire::Bytes payload{};

    tcp::Kind kind =
        tcp::Kind::ack;  ///< `tcp::classify`; a probe with a byte of garbage is a probe
    /// All that it carries (bytes, SYN, FIN) had been sent before.
    bool retransmission = false;
    /// It begins beyond the highest that was sent before: something is missing or comes later.
    bool ahead = false;
    /// It fills what another one was ahead of, and had not been seen before.
    bool late = false;
    /// An ACK without payload that acknowledges nothing new and opens no window.
    bool duplicate_ack = false;
    /// Payload bytes of it at its end that had not been sent before.
    std::uint32_t fresh = 0;
};

/// An ICMP error about a segment of the conversation.
struct Icmp {
    std::uint64_t packet = 0;
    Duration at{};
    Side about = Side::client;  ///< who had sent the segment
    wire::IcmpKind kind{};
    std::uint32_t mtu = 0;   ///< of `fragmentation_needed`
    wire::IpAddress from{};  ///< who says so
};

/// What is known of an end.
struct End {
    wire::Endpoint endpoint{};
    std::optional<wire::SeqNum> isn;          ///< where its SYN or SYN+ACK is there
    std::optional<wire::Options> options;     ///< those of its SYN or SYN+ACK
    std::optional<std::uint16_t> syn_window;  ///< of its SYN or SYN+ACK
    std::optional<std::uint8_t> ttl;          ///< of its first segment that is no RST
    std::optional<std::uint8_t> rst_ttl;      ///< of its first RST
    std::uint8_t tos = 0;                     ///< of its first segment
    bool dont_fragment = false;               ///< likewise
    std::uint64_t least_window = 0;           ///< in bytes, of all that it offered after its SYN
    std::uint64_t most_window = 0;
    std::uint64_t packets = 0;             ///< without duplicates
    std::uint64_t bytes = 0;               ///< of its stream, each once
    std::uint64_t bytes_again = 0;         ///< payload that was sent again
    std::uint64_t segments_with_data = 0;  ///< with payload, those sent again among them
    std::uint64_t retransmissions = 0;     ///< segments that were sent again: data, FIN
    std::uint32_t largest = 0;             ///< the largest payload of one segment
    bool fin = false;
    bool rst = false;
};

/// One conversation. Everything of it but `segments` and `icmp` is bounded, whatever its length.
struct Conversation {
    std::uint32_t number = 0;   ///< in order of their first packets, from 1
    std::array<End, 2> ends{};  ///< by `Side`
    Roles roles = Roles::syn;
    /// Of those to the same address and port of the server from the same address of the client, in
    /// order, from 1; the others are found by `peer` (capture/read.hpp).
    std::uint32_t attempt = 1;

    Duration begin{};  ///< of its first packet, since the capture's first one
    Duration end{};    ///< of its last
    std::uint64_t first_packet = 0;
    std::uint64_t last_packet = 0;

    Ended ended = Ended::open;
    std::optional<Side> ended_by;  ///< who sent the RST, the first FIN, or went on in vain

    Perspective perspective = Perspective::unknown;
    std::string perspective_reason;  ///< in words, without a full stop
    /// From SYN to the ACK of SYN+ACK: the whole way, wherever the capture was made.
    std::optional<Duration> rtt;
    /// The two parts of it: to the server and back, to the client and back.
    std::optional<Duration> rtt_server;
    std::optional<Duration> rtt_client;
    std::uint16_t vlan = 0;  ///< the innermost tag of its first packet; 0: none

    std::vector<Oddity> oddities;  ///< in order of their packets; at most `most_oddities`

    std::vector<Segment> segments;  ///< where they were asked for
    std::vector<Icmp> icmp;         ///< likewise
    /// More segments than are kept, or more of their payload: from that packet on they are missing.
    std::optional<std::uint64_t> cut_at_packet;

    [[nodiscard]] End& of(Side side) noexcept { return ends[static_cast<std::size_t>(side)]; }
    [[nodiscard]] const End& of(Side side) const noexcept {
        return ends[static_cast<std::size_t>(side)];
    }
    [[nodiscard]] const wire::Endpoint& client() const noexcept {
        return of(Side::client).endpoint;
    }
    [[nodiscard]] const wire::Endpoint& server() const noexcept {
        return of(Side::server).endpoint;
    }
};
inline constexpr std::size_t most_oddities = 40;

/// A whole capture.
struct Capture {
    std::string link_type;      ///< `Ethernet`, `Linux cooked v2`
    Duration epoch{};           ///< the first packet's time since 1970
    Duration length{};          ///< from the first packet to the last
    std::uint64_t packets = 0;  ///< all of them
    std::uint64_t bytes = 0;    ///< as long as they were on the wire
    std::uint64_t tcp_packets = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t cut = 0;             ///< packets that the snap length cut
    std::uint64_t other = 0;           ///< neither TCP nor an ICMP error about it
    std::uint64_t malformed = 0;       ///< no IP packet where one should be, no whole TCP header
    std::uint64_t with_signature = 0;  ///< TCP with an MD5 signature (RFC 2385), which is not read
    std::uint64_t not_listed = 0;      ///< TCP packets of conversations beyond the bound
    std::vector<Conversation> conversations;
    /// What the user has to know of the capture as a whole, in complete sentences: truncated in the
    /// middle of a packet, duplicates, a bound that was hit.
    std::vector<std::string> notes;
};

}  // namespace ghostpeer::capture
