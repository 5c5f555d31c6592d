// What a connection begins with beside its configuration.
#pragma once

#include "ghostpeer/wire/seq_num.hpp"

#include <cstdint>

namespace ghostpeer::tcp {

/// What a SYN that arrives says of TCP Fast Open (RFC 7413).
enum class FastOpen : std::uint8_t {
    no,           ///< nothing
    asked,        ///< a good cookie is wanted: the SYN-ACK brings one
    good_cookie,  ///< data on the SYN is taken
};

/// What the environment of a connection decides.
struct Environment {
    wire::SeqNum iss;                    ///< initial send sequence number
    std::uint32_t timestamp_offset = 0;  ///< added to the millisecond clock of TSval
    std::uint16_t link_mss = 1460;       ///< what the link's MTU allows
    std::uint16_t default_mss = 536;     ///< of who names none: 1220 for IPv6 (RFC 9293, 3.7.1)
    FastOpen fast_open = FastOpen::no;   ///< looked at with `Config::fast_open`
};

}  // namespace ghostpeer::tcp
