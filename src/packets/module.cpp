#include "packets/module.hpp"

#include "packets/packets.hpp"

extern "C" [[gnu::visibility("default")]] const char ghostpeer_module_abi[];
const char ghostpeer_module_abi[] = GHOSTPEER_MODULE_ABI;
extern "C" [[gnu::visibility("default")]] ghostpeer::wire::PacketLibrary& ghostpeer_packets();

ghostpeer::wire::PacketLibrary& ghostpeer_packets() { return ghostpeer::packets::library(); }
