// The entries of the module `packets`: all that needs libtins or libpcap.
#pragma once

#include "ghostpeer/wire/packet_library.hpp"
#include "packets/capture_file.hpp"

#include <string>

namespace ghostpeer::packets {

inline constexpr const char* entry = "ghostpeer_packets";
using Entry = wire::PacketLibrary& (*)();

inline constexpr const char* capture_entry = "ghostpeer_capture";
using CaptureEntry = void (*)(const std::string& path, OpenedCapture& opened);

}  // namespace ghostpeer::packets
