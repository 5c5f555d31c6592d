// One run in the guest: the first process of its namespaces, which makes the guest look like the
// host, runs ghostpeer, and passes on what the host says. All that the run has started or mounted
// is gone with it.
#pragma once

#include "posix/file_descriptor.hpp"
#include "warp/guest_spec.hpp"

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>

namespace ghostpeer::warp {

/// Written under another name first, so that the host never reads half of it. False: it is not
/// there, and nothing of it is (a full disk).
[[nodiscard]] bool write_guest_file(const FileDescriptor& folder, const char* name,
                                    std::string_view text);

struct GuestFiles {
    const FileDescriptor& folder;  ///< the run's
    const FileDescriptor& input;   ///< what `stdin` is to be
    const FileDescriptor& orders;
};

/// A process in PID, mount, UTS and IPC namespaces of its own; -1 and errno, 0 in the child.
[[nodiscard]] pid_t clone_into_namespaces();

/// In that process; comes back with the run's exit status. Where it cannot be begun, the run's
/// folder says why.
[[nodiscard]] int do_guest_run(const GuestSpec& spec, const GuestFiles& files,
                               const std::function<int(const GuestSpec&)>& program);

}  // namespace ghostpeer::warp
