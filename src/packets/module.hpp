// The entry of the module `packets`: all that needs libtins.
#pragma once

#include "ghostpeer/wire/packet_library.hpp"

namespace ghostpeer::packets {

inline constexpr const char* entry = "ghostpeer_packets";
using Entry = wire::PacketLibrary& (*)();

}  // namespace ghostpeer::packets
