#include "packets/module.hpp"

extern "C" [[gnu::visibility("default")]] const char ghostpeer_module_abi[];
const char ghostpeer_module_abi[] = GHOSTPEER_MODULE_ABI;
extern "C" [[gnu::visibility("default")]] const ghostpeer::packets::Functions& ghostpeer_packets();

const ghostpeer::packets::Functions& ghostpeer_packets() {
    static const ghostpeer::packets::Functions functions{ghostpeer::wire::packet_functions(),
                                                         &ghostpeer::show::make_capture};
    return functions;
}
