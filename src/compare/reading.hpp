// A capture is read while the user sees how far it is.
#pragma once

#include "capture/read.hpp"
#include "packets/capture_file.hpp"

#include <optional>

namespace ghostpeer::compare {

/// Nothing, and said why, where it is no capture.
[[nodiscard]] std::optional<capture::Capture> read(const packets::OpenedCapture& file,
                                                   capture::ReadOptions options);

}  // namespace ghostpeer::compare
