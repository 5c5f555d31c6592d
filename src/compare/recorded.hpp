// The record of a run as a capture of it.
#pragma once

#include "packets/capture_file.hpp"

#include <string>

namespace ghostpeer::compare {

/// What would have been captured between the two: what the program sent, and what left the peer.
/// Of payloads the record has the beginning; the rest is zeros. The error is a complete sentence.
[[nodiscard]] packets::OpenedCapture open_recorded(const std::string& path);

}  // namespace ghostpeer::compare
