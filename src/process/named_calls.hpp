// The names of the system calls in which a process may wait.
#pragma once

#include <cstdint>

namespace ghostpeer::process {

struct NamedCall {
    std::uint64_t number;
    const char* name;
    bool takes_descriptor;  ///< as its first argument
};

/// None for a call in which nobody waits, or not for long.
[[nodiscard]] const NamedCall* find_call(std::uint64_t number);

}  // namespace ghostpeer::process
