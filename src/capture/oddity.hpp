// What is odd in a conversation, in words and as a kind that programs can go by.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::capture {

enum class Side : std::uint8_t { client, server };
[[nodiscard]] constexpr Side other(Side side) noexcept {
    return side == Side::client ? Side::server : Side::client;
}
/// `client`, `server`.
[[nodiscard]] std::string_view name(Side side) noexcept;

enum class OddityKind : std::uint8_t {
    // What an end did.
    syn_repeated,           ///< count: how often it was sent in all; length: first to last
    syn_unanswered,         ///< neither SYN+ACK nor RST nor ICMP came
    syn_ack_repeated,       ///< count: how often it was sent in all
    refused,                ///< RST in answer to the SYN; length: after it
    silence,                ///< length of it; `side`: who was to speak, where that can be told
    reset,                  ///< `side` sent an RST in the middle of the conversation
    rst_after_fin,          ///< length: between the two
    rst_other_ttl,          ///< count: by how much it differs from the TTL of `side`'s segments
    zero_window,            ///< `side` offered it; length: until it opened, or to the end
    keepalives,             ///< sent by `side` and answered; count
    keepalives_unanswered,  ///< `side` sent them; count
    acks_stop,              ///< `side` acknowledges no more, though data came; count: how often
    idle_timeout,      ///< probably of a NAT or a firewall; length: how long nothing had passed
    retransmissions,   ///< by `side`; count: segments that were sent again
    fin_unanswered,    ///< count: how often `side` sent its FIN and got no ACK
    half_closed,       ///< `side` sent its FIN, the other kept on; length: until it ended
    data_after_close,  ///< `side` sent data after the other's RST or its own FIN
    window_shrinks,    ///< `side` took back what it had offered; count: bytes, the most
    small_mss,         ///< count: the MSS that `side` announced
    small_window,      ///< count: the largest window that `side` ever offered
    no_option,         ///< `side` lacks what the other has offered; see the words
    out_of_order,      ///< count: segments of `side` that overtook others
    urgent,            ///< count: segments of `side` with URG
    ttl_varies,        ///< count: how many values `side`'s segments had (RST aside)
    data_on_syn,       ///< count: bytes
    strange_ack,       ///< `side` acknowledges what nobody has sent
    strange_sequence,  ///< a segment of `side` far outside the other's window
    different_bytes,   ///< `side` sent other bytes at the same place in its stream
    icmp,              ///< an ICMP error about a segment of `side`
    // What the capture did.
    begins_in_middle,  ///< no SYN
    still_open,        ///< the capture ends before the conversation does
    one_direction,     ///< nothing of the other side than `side` is there
    not_captured,      ///< bytes of `side` that were acknowledged, but are not there; count
    payload_cut,       ///< by the snap length; count: bytes that are missing
    duplicates,        ///< packets that were captured twice; count
    offload,           ///< count: packets of `side` larger than the other's MSS
    fragments,         ///< count: packets of `side` that came in fragments
    bound,             ///< more than is kept: see the words
};
inline constexpr std::size_t oddity_kind_count = static_cast<std::size_t>(OddityKind::bound) + 1;
/// `syn-repeated`, `rst-other-ttl`, …
[[nodiscard]] std::string_view name(OddityKind kind) noexcept;
/// Says the capture something about itself rather than about the two ends?
[[nodiscard]] constexpr bool is_of_capture(OddityKind kind) noexcept {
    return kind >= OddityKind::begins_in_middle;
}

struct Oddity {
    OddityKind kind{};
    std::optional<Side> side;  ///< who did it; see the kind
    std::uint64_t packet = 0;  ///< where it begins: the number in the file, from 1
    Duration at{};             ///< of that packet, since the capture's first one
    Duration length{};         ///< where the kind has one
    std::uint64_t count = 0;   ///< where the kind has one
    /// In plain words and without a full stop: `SYN sent 4 times`, `zero window for 40 s`.
    std::string words;
    friend bool operator==(const Oddity&, const Oddity&) = default;
};

}  // namespace ghostpeer::capture
