// States, kinds and reasons: the words that traces, rules, expectations and counters share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ghostpeer::tcp {

/// RFC 9293, 3.3.2.
enum class State : std::uint8_t {
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
};
inline constexpr std::size_t state_count = 11;

/// What an arriving segment is for; exactly one for each segment.
enum class Kind : std::uint8_t {
    syn,
    syn_ack,
    data,             ///< payload, no FIN
    fin,              ///< with or without payload
    ack,              ///< no payload, no probe
    keepalive_probe,  ///< RFC 9293, 3.8.4; Linux: an ACK without payload at SND.UNA-1
    window_probe,     ///< the same while the window that the peer last offered is 0
    rst,
};
inline constexpr std::size_t kind_count = 8;

/// Why the peer sends a segment; exactly one for each segment.
enum class Reason : std::uint8_t {
    syn,
    syn_ack,
    handshake_ack,
    data,
    ack,  ///< of data
    ack_of_fin,
    keepalive_reply,
    window_probe_reply,
    duplicate_ack,  ///< for data out of order or data that had been received before
    challenge_ack,  ///< RFC 5961, and the answer to an unacceptable segment
    window_update,
    fin,
    rst,
    keepalive_probe,
    window_probe,
};
inline constexpr std::size_t reason_count = 15;

/// The profile language's spelling: `syn-received`, `keepalive-probe`, `ack-of-fin`.
[[nodiscard]] std::string_view name(State state) noexcept;
[[nodiscard]] std::string_view name(Kind kind) noexcept;
[[nodiscard]] std::string_view name(Reason reason) noexcept;
/// The RFC's spelling, for traces: `SYN-RECEIVED`.
[[nodiscard]] std::string_view rfc_name(State state) noexcept;

[[nodiscard]] std::optional<State> parse_state(std::string_view word) noexcept;
[[nodiscard]] std::optional<Kind> parse_kind(std::string_view word) noexcept;
[[nodiscard]] std::optional<Reason> parse_reason(std::string_view word) noexcept;

}  // namespace ghostpeer::tcp
