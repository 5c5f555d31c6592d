// The unit tests link what the executable loads when it needs it.
#include "run/packet_module.hpp"

namespace ghostpeer::run {

std::string load_packet_module() { return {}; }
std::string missing_packet_module() { return {}; }
void keep_a_descriptor_for_packet_module() {}
std::jthread begin_to_load_packet_module() { return {}; }

}  // namespace ghostpeer::run
