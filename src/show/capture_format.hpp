// What both formats of a packet capture have in common.
#pragma once

#include <cstdint>

namespace ghostpeer::show {

inline constexpr std::uint32_t link_type_raw = 101;  ///< LINKTYPE_RAW: IP packets without a header
inline constexpr std::uint32_t snapshot_length = 262'144;

}  // namespace ghostpeer::show
