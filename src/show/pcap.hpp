// The packet capture: every packet both ways, for Wireshark and tcpdump.
#pragma once

#include "event/sink.hpp"
#include "show/output_file.hpp"

#include <memory>

namespace ghostpeer::show {

/// A pcap file of link type RAW with nanoseconds. `epoch` is the wall-clock time of `run_start`,
/// as the time since 1970-01-01 UTC.
[[nodiscard]] std::unique_ptr<event::Sink> make_capture(OutputFile file, Duration epoch);

}  // namespace ghostpeer::show
