// What a process sees of the file system from now on (Landlock, Linux 5.13).
#pragma once

#include <cstdint>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sandbox {

enum class Right : std::uint8_t {
    read,    ///< files and folders
    remove,  ///< names of files
};

/// A folder (with all below it) or a file, by its descriptor, which may be O_PATH.
struct Visible {
    int fd = -1;
    Right right = Right::read;
};

/// Nothing else can be opened, made, changed or removed, by this thread and those that it starts,
/// nor can others be sent signals, or be reached at abstract sockets. Descriptors that are open
/// stay so. Needs no privilege, but no_new_privs. False: this kernel cannot; the error is an errno.
[[nodiscard]] tl::expected<bool, int> see_only(const std::vector<Visible>& visible);

}  // namespace ghostpeer::sandbox
