// The verdict as people read it.
#pragma once

#include "ghostpeer/event/verdict.hpp"

#include <string>

namespace ghostpeer::show {

/// The verdict as printed at the end of a run, every line with its line end.
[[nodiscard]] std::string to_text(const event::Verdict& verdict, bool colour = false);

}  // namespace ghostpeer::show
