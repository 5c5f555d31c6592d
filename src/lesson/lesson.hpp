// From conversations of a capture to a directory with a profile: what `ghostpeer learn -o` does
// once the capture has been read.
#pragma once

#include "capture/conversation.hpp"
#include "learn/learn.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ghostpeer::lesson {

struct Wanted {
    std::vector<std::uint32_t> numbers;  ///< of conversations; empty: all that were kept
    learn::Options options;
    std::string directory;
    bool overwrite = false;
};

/// Says what was written and how far the conversations were understood. The exit status.
[[nodiscard]] int give(const capture::Capture& capture, const Wanted& wanted);

}  // namespace ghostpeer::lesson
