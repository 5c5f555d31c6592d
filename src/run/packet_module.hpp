// The module `packets`: what needs libtins and libpcap.
#pragma once

#include <string>
#include <thread>

namespace ghostpeer::run {

/// Loads it. The functions of `wire` that it holds would do so themselves where they are called
/// first, and answer nothing where it cannot be had; this says why, in a complete sentence. Empty:
/// it is there. Before a capture is made it has to be.
[[nodiscard]] std::string load_packet_module();

/// Why it cannot be had, as far as that is seen without loading it; empty: it lies where it should.
[[nodiscard]] std::string missing_packet_module();

/// Whenever it is loaded from now on, a descriptor is left for it.
void keep_a_descriptor_for_packet_module();

/// Begins to load it beside what this process does; where it cannot, it is loaded when this
/// returns.
[[nodiscard]] std::jthread begin_to_load_packet_module();

}  // namespace ghostpeer::run
