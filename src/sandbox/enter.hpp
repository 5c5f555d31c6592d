// Descriptors from another network namespace, while this process stays where it is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "posix/file_descriptor.hpp"
#include "sandbox/error.hpp"

namespace ghostpeer::sandbox {

/// What comes back from the other namespace.
struct Opened {
    std::vector<FileDescriptor> descriptors;  ///< at most 250, else that is the error
    std::string facts;                        ///< anything, at most 32 KiB
};

/// Calls `open` in a child process that has entered the network namespace `where`: a path, the
/// number of a process, or a name given by `ip netns add`. What `open` changes in captured
/// variables is lost. Where the namespace belongs to a user namespace of the caller's own user, no
/// privilege is needed. Call it while the process has one thread.
[[nodiscard]] tl::expected<Opened, Error> open_in_namespace(
    const std::string& where, const std::function<tl::expected<Opened, Error>()>& open);

}  // namespace ghostpeer::sandbox
