// What the module `packets` holds: all that needs libtins and libpcap.
#pragma once

#include "observe/pcap.hpp"
#include "wire/packet_functions.hpp"

namespace ghostpeer::packets {

struct Functions {
    wire::PacketFunctions wire;
    decltype(&observe::make_capture) make_capture;
};

inline constexpr const char* entry = "ghostpeer_packets";
using Entry = const Functions& (*)();

}  // namespace ghostpeer::packets
