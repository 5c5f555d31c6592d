// Actions that make packets of their own or change those of the TCP core.
#pragma once

#include "ghostpeer/profile/sequence_expression.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::profile {

struct SackEdges {
    SequenceExpression left;
    SequenceExpression right;
};

/// Another address or port than the peer's.
struct ForgedSource {
    std::optional<wire::IpAddress> address;
    std::optional<std::uint16_t> port;
};

/// Fields of a segment as `set` and `send` name them; what is unset stays as it is.
struct SegmentFields {
    std::optional<ForgedSource> from;
    std::optional<SequenceExpression> seq;
    std::optional<SequenceExpression> ack;  ///< brings the ACK flag, unless `flags` is set
    std::optional<std::uint16_t> window;    ///< the header's 16 bits
    std::optional<wire::Flags> flags;
    std::optional<std::optional<std::uint16_t>> mss;          ///< unset inside: `off`
    std::optional<std::optional<std::uint8_t>> window_scale;  ///< unset inside: `off`
    std::optional<bool> sack_permitted;
    std::optional<std::vector<SackEdges>> sack;  ///< empty: `off`
    bool no_timestamps = false;                  ///< `timestamps: off`
    std::optional<SequenceExpression> tsval;
    std::optional<SequenceExpression> tsecr;
    std::optional<std::uint16_t> urgent;  ///< the pointer; brings the URG flag, as `ack` does
    std::optional<std::uint8_t> ttl;
    std::optional<std::uint8_t> tos;
    std::optional<std::uint8_t> ecn;             ///< the lower two bits of `tos`
    std::shared_ptr<const wire::Bytes> payload;  ///< null: unset
    std::optional<wire::Bytes> options;          ///< the whole option area
    wire::Bytes more_options;  ///< behind the others: `fast_open`, `accecn`, `more_options`
    std::optional<std::string> md5_key;
    wire::Bytes ip_options;                         ///< of IPv4
    std::vector<wire::ExtensionHeader> extensions;  ///< of IPv6
    std::optional<std::uint8_t> data_offset;
    std::optional<std::uint8_t> reserved;
    std::optional<std::uint16_t> total_length;
    std::vector<std::string_view> names;  ///< of the fields that are set; string literals
};

struct Corrupt {
    enum class What : std::uint8_t { tcp_checksum, ip_checksum, payload };
    What what = What::tcp_checksum;
};
struct Set {
    std::shared_ptr<const SegmentFields> fields;  ///< never null
};
struct Fragment {
    std::uint16_t size = 8;  ///< bytes of each fragment behind its headers
    wire::FragmentFates fates;
};
struct Send {
    std::shared_ptr<const SegmentFields> fields;  ///< never null
};
struct Icmp {
    enum class About : std::uint8_t {
        fitting,        ///< the segment that fired the rule where it arrived, else the last
        received,       ///< the segment that fired the rule
        last_received,  ///< the last that arrived on the connection
    };
    wire::IcmpMessage message;
    About about = About::fitting;
    std::optional<SequenceExpression> seq;  ///< in place of the quoted sequence number
};

/// `tcp-checksum`, `ip-checksum`, `payload`.
[[nodiscard]] std::string_view name(Corrupt::What what) noexcept;

}  // namespace ghostpeer::profile
