// Packets that lie: what no honest stack would send, and IP fragments.
#pragma once

#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ghostpeer::wire {

/// What becomes of the fragments of a packet; they are counted from 1.
struct FragmentFates {
    struct Late {
        std::uint16_t number = 0;
        Duration by{};
        friend bool operator==(const Late&, const Late&) = default;
    };
    std::vector<std::uint16_t> lost;
    std::vector<std::uint16_t> twice;
    std::vector<Late> late;
    std::uint16_t overlap = 0;  ///< bytes that each but the first repeats of the one before it
    bool reversed = false;      ///< the last one leaves first

    friend bool operator==(const FragmentFates&, const FragmentFates&) = default;
};

/// A header between IPv6's own and TCP's.
struct ExtensionHeader {
    std::uint8_t kind = 0;  ///< IANA number: 0 hop-by-hop, 43 routing, 60 destination options
    Bytes content;          ///< behind its length; padded with zeros to a multiple of 8
    friend bool operator==(const ExtensionHeader&, const ExtensionHeader&) = default;
};

/// Bytes of a header that a signature takes (RFC 2385), padding included.
inline constexpr unsigned signature_room = 20;

/// How a packet departs from the segment that it carries. Unless a checksum is said to be wrong,
/// checksums are right, so that a receiver judges the lie itself.
struct Distortion {
    /// The whole option area in place of Segment::options, well-formed or not; padded with
    /// end-of-options bytes to a multiple of 4, cut at 40.
    std::optional<Bytes> options{};
    /// TCP options behind those of Segment::options, padded with NOPs; left out where they do not
    /// fit.
    Bytes more_options{};
    /// RFC 2385: signed with this key, behind all other options.
    std::optional<std::string> md5_key{};
    Bytes ip_options{};  ///< of IPv4, padded with end-of-options bytes to a multiple of 4, up to 40
    std::vector<ExtensionHeader> extensions{};  ///< of IPv6
    std::optional<std::uint8_t> data_offset{};  ///< 0..15, in units of 4 bytes
    std::optional<std::uint8_t> reserved{};     ///< the 4 bits beside the data offset (RFC 9293)
    /// Length of the whole IP packet as its header tells it; IPv6 tells 40 less, at least 0. The
    /// packet's real length stays, and the TCP checksum is that of what the header lets count.
    std::optional<std::uint16_t> total_length{};
    bool wrong_tcp_checksum = false;
    bool wrong_ip_checksum = false;  ///< no effect in IPv6, whose header has none
    /// Bytes that each IP fragment carries behind its headers, rounded down to a multiple of 8, at
    /// least 8; 0: not fragmented.
    std::uint16_t fragment = 0;
    FragmentFates fates{};  ///< not looked at by `encode`

    friend bool operator==(const Distortion&, const Distortion&) = default;
};

/// As `encode` of codec.hpp, then distorted; `fragment` is not looked at. Never throws; empty when
/// there is no memory.
[[nodiscard]] Bytes encode(const Segment& segment, const Distortion& distortion) noexcept;

/// Cuts an IP packet into fragments with `size` bytes behind the IP
/// header (and the fragment header) in each but the last, see `Distortion::fragment`. DF is
/// cleared; a wrong IPv4 header checksum stays wrong in each. Where it fits in one, or is no such
/// packet, it comes back as it is. Never throws; empty when there is no memory.
/// `overlap`: so many bytes, rounded down to a multiple of 8, each but the first begins earlier.
[[nodiscard]] std::vector<Bytes> fragment(std::span<const std::uint8_t> packet, std::uint16_t size,
                                          std::uint32_t id, std::uint16_t overlap = 0) noexcept;

/// A fragment, and how much later it leaves than the others.
struct SentFragment {
    Bytes packet;
    Duration late{};
};

/// The fragments of a packet as they leave, in this order.
[[nodiscard]] std::vector<SentFragment> plan(std::vector<Bytes>&& fragments,
                                             const FragmentFates& fates);

/// The options of an area that may be malformed: those before the first that cannot be, as
/// Linux's tcp_parse_options reads them. One of a known kind but a wrong length is skipped.
[[nodiscard]] Options read_options(std::span<const std::uint8_t> area) noexcept;

}  // namespace ghostpeer::wire
