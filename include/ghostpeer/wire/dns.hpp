// DNS messages (RFC 1035), as far as a name server needs them that knows a few names and hands all
// other questions on unread.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <string>

namespace ghostpeer::wire {

inline constexpr std::uint16_t dns_type_a = 1;
inline constexpr std::uint16_t dns_type_ptr = 12;
inline constexpr std::uint16_t dns_type_aaaa = 28;  // RFC 3596
inline constexpr std::uint16_t dns_type_any = 255;
inline constexpr std::uint16_t dns_class_internet = 1;

enum class DnsOutcome : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,  ///< NXDOMAIN
    not_implemented = 4,
    refused = 5,
};

/// A question, the only one of its message.
struct DnsQuery {
    /// In lower case, without the dot at its end: `db.example`; empty for the root. Bytes that no
    /// host name has are written as `\ddd`.
    std::string name;
    std::uint16_t type = 0;
    std::uint16_t question_class = 0;
    std::uint8_t opcode = 0;  ///< 0: an ordinary question
    Bytes head;               ///< header and question, as they came
};

}  // namespace ghostpeer::wire
