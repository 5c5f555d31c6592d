// What the module `packets` holds: all that needs libtins and libpcap.
#pragma once

#include "show/pcap.hpp"
#include "wire/packet_functions.hpp"

namespace ghostpeer::packets {

struct Functions {
    wire::PacketFunctions wire;
    decltype(&show::make_capture) make_capture;
};

inline constexpr const char* entry = "ghostpeer_packets";
using Entry = const Functions& (*)();

}  // namespace ghostpeer::packets
