#include "packets/module.hpp"

#include "packets/packets.hpp"

extern "C" [[gnu::visibility("default")]] const char ghostpeer_module_abi[];
const char ghostpeer_module_abi[] = GHOSTPEER_MODULE_ABI;
extern "C" [[gnu::visibility("default")]] ghostpeer::wire::PacketLibrary& ghostpeer_packets();
extern "C" [[gnu::visibility("default")]] void ghostpeer_capture(
    const std::string& path, ghostpeer::packets::OpenedCapture& opened);

ghostpeer::wire::PacketLibrary& ghostpeer_packets() { return ghostpeer::packets::library(); }

void ghostpeer_capture(const std::string& path, ghostpeer::packets::OpenedCapture& opened) {
    opened = ghostpeer::packets::open_with_libpcap(path);
}
