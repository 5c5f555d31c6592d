// How an endpoint's TCP looks and how patient it is.
#pragma once

#include "ghostpeer/tcp/memory_budget.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

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

/// Which SYN takes the ports of a connection in TIME-WAIT (RFC 9293, 3.6.1).
enum class Reuse : std::uint8_t {
    newer,   ///< a higher number or a newer timestamp (RFC 6191); a RST frees them, too: Linux
    higher,  ///< a higher number (RFC 1122, 4.2.2.13); a RST is ignored (RFC 1337)
    never,   ///< none, and a RST is ignored
};

/// The defaults are those of a Linux host on Ethernet.
struct Config {
    /// MSS to announce in bytes, 1..65535; 0: from the link's MTU (1460 / 1440 at 1500).
    std::uint16_t mss = 0;
    bool announce_mss = true;  ///< false: no MSS option (`mss: off`)
    /// Bytes that a segment of this side's takes at most, whatever the other side announces.
    std::uint16_t send_mss = UINT16_MAX;
    /// Receive buffer in bytes at the beginning, and so the largest window offered; 0..2^30. Unset:
    /// as many full segments as Linux has room for in half of its `tcp_rmem` default.
    std::optional<std::uint32_t> window;
    /// How far the receive buffer grows when the application reads fast: Linux's `tcp_rmem`
    /// maximum. Only where `window` is not set, or is but the beginning.
    std::uint32_t window_max = 6 * 1024 * 1024;
    bool window_grows = false;  ///< also where `window` is set
    /// Window scale to offer, 0..14; unset: no option.
    std::optional<std::uint8_t> window_scale = 7;
    bool sack = true;
    bool timestamps = true;
    bool offer_timestamps = true;  ///< in a SYN of this side's, too
    wire::SynOptionOrder option_order = wire::linux_option_order;
    Ecn ecn = Ecn::passive;
    /// Initial sequence number; unset: the environment's.
    std::optional<std::uint32_t> isn;
    /// RFC 2385: each segment is signed with it, and what comes has to be; empty: none is. The
    /// engine signs and looks, TCP leaves room for it.
    std::string md5_key{};

    Duration rto_initial = std::chrono::seconds(1);     ///< RFC 6298, 2.1
    Duration rto_min = std::chrono::milliseconds(200);  ///< Linux: TCP_RTO_MIN
    Duration rto_max = std::chrono::seconds(120);       ///< Linux: TCP_RTO_MAX
    /// Linux: tcp_syn_retries (6) and the next.
    unsigned syn_retries = 10;
    unsigned syn_linear_timeouts = 4;  ///< before the first doubling; Linux: the same name
    unsigned syn_ack_retries = 5;      ///< Linux: tcp_synack_retries
    unsigned retries = 15;             ///< Linux: tcp_retries2
    unsigned orphan_retries = 8;       ///< once the application has closed; Linux: the same name
    std::uint32_t initial_cwnd = 10;   ///< segments (RFC 6928, 2)
    RecoveryKind recovery = RecoveryKind::rack;
    bool fast_open = false;    ///< what waits to be sent rides on the SYN (RFC 7413), no cookie
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
    /// Each second segment is acknowledged at once, and whatever else comes at the wait's end (RFC
    /// 9293, 3.8.6.3), as by hosts that know no other reason to hurry.
    bool plain_acks = false;
    bool reset_unread = true;  ///< closing with unread data is a reset (RFC 2525, 2.17)
    Duration time_wait = std::chrono::seconds(60);  ///< Linux: TCP_TIMEWAIT_LEN
    /// Once nobody reads any more; unset: as long as TIME-WAIT (Linux: tcp_fin_timeout, the same).
    std::optional<Duration> fin_wait_2;
    Reuse reuse = Reuse::newer;

    /// Bytes that may be queued for sending, and bytes out of order that may be held.
    std::uint32_t send_buffer = 256 * 1024;
    /// Bytes that may wait to be read, however large the window is that was offered. What does not
    /// fit is thrown away as if it had not arrived.
    std::uint32_t most_unread = UINT32_MAX;
    /// What all connections hold together; null: nobody counts. Outlives the connection.
    const MemoryBudget* memory = nullptr;

    friend bool operator==(const Config&, const Config&) = default;
};

}  // namespace ghostpeer::tcp
