// The module `packets`: what needs libtins and libpcap.
#pragma once

#include <string>
#include <thread>

namespace ghostpeer::app {

/// Loads it. The functions of `wire` and `observe` that it holds would do so themselves where they
/// are called first, and end the process where it cannot be had; this says why, in a complete
/// sentence. Empty: it is there.
[[nodiscard]] std::string load_packet_module();

/// Why it cannot be had, as far as that is seen without loading it; empty: it lies where it should.
[[nodiscard]] std::string missing_packet_module();

/// Begins to load it beside what this process does; where it cannot, it is loaded when this
/// returns.
[[nodiscard]] std::jthread begin_to_load_packet_module();

}  // namespace ghostpeer::app
