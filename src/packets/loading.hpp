// The module `packets`: what needs libtins, which with what it brings along takes as long to load
// as the rest of a run's start.
#pragma once

#include "ghostpeer/wire/packet_library.hpp"

#include <string>
#include <thread>

namespace ghostpeer::packets {

/// Loads the module with the first packet that is no TCP and wants an answer; a run whose profile
/// or options will need it begins to do so while its sandbox is being made. Where it cannot be had,
/// the user is told, and what is no TCP gets no answer.
[[nodiscard]] wire::PacketLibrary& packet_library() noexcept;

/// Loads the module now. Why it cannot be had, a complete sentence; empty: it is there.
[[nodiscard]] std::string load_packet_module();

/// Why it cannot be had, as far as that is seen without loading it; empty: it lies where it should.
[[nodiscard]] std::string missing_packet_module();

/// Whenever it is loaded from now on, a descriptor is left for it.
void keep_a_descriptor_for_packet_module();

/// Begins to load it beside what this process does; where it cannot, it is loaded when this
/// returns.
[[nodiscard]] std::jthread begin_to_load_packet_module();

}  // namespace ghostpeer::packets
