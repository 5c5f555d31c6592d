// How an endpoint's TCP looks and how patient it is.
#pragma once

#include "ghostpeer/tcp/memory_budget.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>

namespace ghostpeer::tcp {

/// Explicit congestion notification (RFC 3168), as Linux's `tcp_ecn`.
enum class Ecn : std::uint8_t {
    off,
    passive,  ///< where the other side asks for it
    on,       ///< asks for it, too
};

/// How losses are found.
enum class RecoveryKind : std::uint8_t {
    rack,  ///< by time, with a probe for a lost tail (RFC 8985), where both sides have SACK
    reno,  ///< by three duplicate ACKs (RFC 6582; RFC 6675)
};

/// The defaults are those of a Linux host on Ethernet.
struct Config {
    /// MSS to announce in bytes, 1..65535; 0: from the link's MTU (1460 / 1440 at 1500).
    std::uint16_t mss = 0;
    bool announce_mss = true;  ///< false: no MSS option (`mss: off`)
    /// Receive buffer in bytes at the beginning, and so the largest window offered; 0..2^30. Unset:
    /// as many full segments as Linux has room for in half of its `tcp_rmem` default.
    std::optional<std::uint32_t> window;
    /// How far the receive buffer grows when the application reads fast: Linux's `tcp_rmem`
    /// maximum. Only where `window` is not set.
    std::uint32_t window_max = 6 * 1024 * 1024;
    /// Window scale to offer, 0..14; unset: no option.
    std::optional<std::uint8_t> window_scale = 7;
    bool sack = true;
    bool timestamps = true;
    Ecn ecn = Ecn::passive;
    /// Initial sequence number; unset: the environment's.
    std::optional<std::uint32_t> isn;

    Duration rto_initial = std::chrono::seconds(1);     ///< RFC 6298, 2.1
    Duration rto_min = std::chrono::milliseconds(200);  ///< Linux: TCP_RTO_MIN
    Duration rto_max = std::chrono::seconds(120);       ///< Linux: TCP_RTO_MAX
    /// Linux: tcp_syn_retries (6) and the next.
    unsigned syn_retries = 10;
    unsigned syn_linear_timeouts = 4;  ///< before the first doubling; Linux: the same name
    unsigned syn_ack_retries = 5;      ///< Linux: tcp_synack_retries
    unsigned retries = 15;             ///< Linux: tcp_retries2
    unsigned orphan_retries = 8;       ///< once the application has closed; Linux: the same name
    RecoveryKind recovery = RecoveryKind::rack;
    bool nagle = true;         ///< short segments wait for one another (RFC 9293, 3.7.4)
    bool mtu_probing = false;  ///< shorter segments after timeouts; Linux: tcp_mtu_probing = 1
    /// Shortest and longest wait before data is acknowledged where nothing else leaves that could
    /// carry the ACK (Linux: TCP_ATO_MIN, TCP_DELACK_MAX). The pace of the data decides between
    /// them. Unset: every segment is acknowledged at once, by an ACK of its own.
    std::optional<Duration> delayed_ack = std::chrono::milliseconds(40);
    Duration delayed_ack_max = std::chrono::milliseconds(200);
    /// ACKs at the beginning, and after something went wrong, that do not wait (Linux:
    /// TCP_MAX_QUICKACKS); 0..255.
    unsigned quick_acks = 16;
    Duration time_wait = std::chrono::seconds(60);  ///< Linux: TCP_TIMEWAIT_LEN

    /// Bytes that may be queued for sending, and bytes out of order that may be held.
    std::uint32_t send_buffer = 256 * 1024;
    /// Bytes that may wait to be read, however large the window is that was offered. What does not
    /// fit is thrown away as if it had not arrived.
    std::uint32_t most_unread = UINT32_MAX;
    /// What all connections hold together; null: nobody counts. Outlives the connection.
    const MemoryBudget* memory = nullptr;
};

}  // namespace ghostpeer::tcp
