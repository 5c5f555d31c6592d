// Lengths and amounts as people say them.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <string>

namespace ghostpeer::capture {

/// `340 us`, `2 ms`, `1.25 s`, `31 s`, `2 h 5 min`
[[nodiscard]] std::string say(Duration length);
/// `0 bytes`, `512 bytes`, `12 kB`, `3.4 MB`
[[nodiscard]] std::string say_bytes(std::uint64_t bytes);

}  // namespace ghostpeer::capture
