// What `ghostpeer init` writes.
#pragma once

#include <string_view>

namespace ghostpeer::help {

/// A profile that works, with comments that say how it goes on.
[[nodiscard]] std::string_view first_profile() noexcept;

}  // namespace ghostpeer::help
