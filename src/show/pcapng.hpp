// The packet capture with what became of each packet, for Wireshark.
#pragma once

#include "event/sink.hpp"
#include "show/output_file.hpp"

#include <memory>
#include <string>

namespace ghostpeer::show {

/// What the capture says of the run that it is from.
struct CaptureOrigin {
    std::string program;  ///< `ghostpeer 1.2.0`
    std::string comment;  ///< of command, profiles and seed
};

/// A pcapng file (draft-ietf-opsawg-pcapng) of link type RAW with nanoseconds and two interfaces:
/// `wire` for what crossed the link, `withheld` for what was dropped, is delayed, or was refused by
/// the link. Packets that a rule touched have a comment. `epoch` is the wall-clock time of
/// `run_start`, as the time since 1970-01-01 UTC.
[[nodiscard]] std::unique_ptr<event::Sink> make_annotated_capture(OutputFile file, Duration epoch,
                                                                  const CaptureOrigin& origin);

}  // namespace ghostpeer::show
