// How the trace shows a system call.
#pragma once

#include "ghostpeer/event/call.hpp"

#include <cstddef>
#include <string>

namespace ghostpeer::show {

/// `recv(5, 1) = -1 ECONNRESET after 3.200 s`, `recv(5) for 4.900 s, not returned`; without what
/// nobody reads (addresses in memory, what a descriptor is), and at most `width` characters.
[[nodiscard]] std::string call_text(const event::Call& call, std::size_t width);

/// `process 7 thread 8`; empty for the thread that is `known`.
[[nodiscard]] std::string caller_text(const event::Call& call, int known);

}  // namespace ghostpeer::show
