// A TCP segment as a value (RFC 9293, 3.1) with the few IP fields that matter here.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/seq_num.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::wire {

using Bytes = std::vector<std::uint8_t>;

/// The eight control bits of a TCP header.
struct Flags {
    static constexpr std::uint8_t fin = 0x01;
    static constexpr std::uint8_t syn = 0x02;
    static constexpr std::uint8_t rst = 0x04;
    static constexpr std::uint8_t psh = 0x08;
    static constexpr std::uint8_t ack = 0x10;
    static constexpr std::uint8_t urg = 0x20;
    static constexpr std::uint8_t ece = 0x40;
    static constexpr std::uint8_t cwr = 0x80;

    std::uint8_t bits = 0;

    [[nodiscard]] constexpr bool has(std::uint8_t mask) const noexcept {
        return (bits & mask) == mask;
    }
    friend constexpr bool operator==(Flags, Flags) noexcept = default;
};

/// One block of a selective acknowledgement: [left, right) (RFC 2018).
struct SackBlock {
    SeqNum left;
    SeqNum right;
    friend constexpr bool operator==(SackBlock, SackBlock) noexcept = default;
};

/// RFC 7323, 3.2.
struct Timestamps {
    std::uint32_t value = 0;  ///< TSval
    std::uint32_t echo = 0;   ///< TSecr
    friend constexpr bool operator==(Timestamps, Timestamps) noexcept = default;
};

// Every member has an initializer, so that a literal may name only what matters to it.

/// What stands in a SYN, for `Options::order`.
enum class SynOption : std::uint8_t { mss, sack_permitted, timestamps, window_scale };
using SynOptionOrder = std::array<SynOption, 4>;
/// That of Linux's tcp_options_write.
inline constexpr SynOptionOrder linux_option_order{SynOption::mss, SynOption::sack_permitted,
                                                   SynOption::timestamps, SynOption::window_scale};

/// The options that ghostpeer understands; an unset one is absent from the segment. Others are
/// skipped when reading, as RFC 9293, 3.1 (MUST-6) demands; that they were there is told.
struct Options {
    std::optional<std::uint16_t> mss{};
    std::optional<std::uint8_t> window_scale{};
    bool sack_permitted = false;
    std::optional<Timestamps> timestamps{};
    std::vector<SackBlock> sack{};  ///< at most 4, at most 3 beside timestamps
    /// The kinds of the first that were skipped, such as Multipath TCP's; 0: no more. Not written.
    std::array<std::uint8_t, 4> skipped{};
    /// In which they are written; SACK blocks come behind all others. Not read.
    SynOptionOrder order = linux_option_order;
    friend bool operator==(const Options&, const Options&) = default;
};

/// One TCP segment. Ports, numbers and lengths are in host byte order.
struct Segment {
    Endpoint source{};
    Endpoint destination{};
    SeqNum seq{};
    SeqNum ack{};  ///< meaningful with the ACK flag only
    Flags flags{};
    std::uint16_t window = 0;  ///< the header's field, unscaled
    std::uint16_t urgent = 0;
    Options options{};
    std::uint8_t ttl = 64;  ///< hop limit in IPv6
    std::uint8_t tos = 0;   ///< traffic class in IPv6; the ECN field is in its lower two bits
    bool dont_fragment = true;
    std::uint16_t ip_id = 0;       ///< IPv4 identification
    std::uint32_t flow_label = 0;  ///< of IPv6, 20 bits
    Bytes payload{};

    [[nodiscard]] bool has(std::uint8_t mask) const noexcept { return flags.has(mask); }
    /// SEG.LEN: payload bytes, and one each for SYN and FIN.
    [[nodiscard]] std::uint32_t length() const noexcept {
        return static_cast<std::uint32_t>(payload.size()) + (has(Flags::syn) ? 1U : 0U) +
               (has(Flags::fin) ? 1U : 0U);
    }
    /// The sequence number after the last one that this segment occupies.
    [[nodiscard]] SeqNum end() const noexcept { return seq + length(); }

    friend bool operator==(const Segment&, const Segment&) = default;
};

/// Bytes that the header of a segment with these options takes, options padded to 32 bits.
[[nodiscard]] std::size_t tcp_header_size(const Options& options) noexcept;
/// Bytes of the whole IP packet that would carry this segment.
[[nodiscard]] std::size_t packet_size(const Segment& segment) noexcept;

}  // namespace ghostpeer::wire
