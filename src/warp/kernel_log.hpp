// What a guest's kernel has said, for people.
#pragma once

#include <string>
#include <string_view>

namespace ghostpeer::warp {

/// Of one that ended without a status.
[[nodiscard]] std::string explain_kernel_log(std::string_view log, int wait_status);

/// Empty where it did not have to kill a process for want of memory.
[[nodiscard]] std::string explain_memory(std::string_view log);

}  // namespace ghostpeer::warp
