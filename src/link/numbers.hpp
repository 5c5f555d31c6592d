// Numbers that several files of this room know.
#pragma once

#include <cstdint>

namespace ghostpeer::link {

inline constexpr std::uint8_t tcp_protocol = 6;
/// What a socket filter returns to keep a packet as it is: more bytes than one can have.
inline constexpr std::uint32_t whole_packet = 0x40000;

}  // namespace ghostpeer::link
