// Whose files root may trust.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <fstream>

namespace ghostpeer {

/// Does a file of this owner belong to root? In a user namespace the system's own files may show as
/// nobody's.
[[nodiscard]] inline bool is_roots_own(uid_t owner) {
    if (owner == 0) {
        return true;
    }
    std::ifstream map("/proc/self/uid_map");
    std::ifstream overflow("/proc/sys/kernel/overflowuid");
    std::uint64_t inside = 0;
    std::uint64_t outside = 0;
    std::uint64_t count = 0;
    uid_t nobody = 0;
    constexpr std::uint64_t everybody = 4'294'967'295;
    return map >> inside >> outside >> count && count != everybody && overflow >> nobody &&
           owner == nobody;
}

}  // namespace ghostpeer
