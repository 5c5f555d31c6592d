// The kinds of the TCP options that are read and written here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ghostpeer::wire::option {

inline constexpr std::uint8_t end = 0;
inline constexpr std::uint8_t nop = 1;
inline constexpr std::uint8_t mss = 2;             // RFC 9293, 3.7.1
inline constexpr std::uint8_t window_scale = 3;    // RFC 7323, 2.2
inline constexpr std::uint8_t sack_permitted = 4;  // RFC 2018, 2
inline constexpr std::uint8_t sack = 5;            // RFC 2018, 3
inline constexpr std::uint8_t timestamps = 8;      // RFC 7323, 3.2
inline constexpr std::uint8_t md5 = 19;            // RFC 2385, 3
inline constexpr std::size_t md5_length = 18;
inline constexpr std::uint8_t mptcp = 30;      // RFC 8684, 3
inline constexpr std::uint8_t fast_open = 34;  // RFC 7413, 4.1.1

}  // namespace ghostpeer::wire::option
