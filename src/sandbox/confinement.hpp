// Giving up every privilege for good, once what needs them has been opened.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "sandbox/error.hpp"
#include "sandbox/file_system.hpp"

namespace ghostpeer::sandbox {

/// Whom to become.
struct Identity {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// `user`, a name or a number, if it is given; else, for root, who called sudo, or nobody. Nothing
/// where the process stays who it is: for anybody but root, and where a user namespace or a missing
/// capability leaves root no choice.
[[nodiscard]] tl::expected<std::optional<Identity>, Error> choose_identity(
    const std::optional<std::string>& user);

/// No other identity, no capability, now or after execve(); no new privileges; of the file system
/// only what is `visible`, where the kernel can do that (see `see_only`); and only the system calls
/// that a server needs (see `syscall_filter`). The calling process has one thread.
[[nodiscard]] tl::expected<void, Error> confine(const std::optional<Identity>& identity,
                                                const std::vector<Visible>& visible,
                                                bool looks_up_names);

/// The same for the side of a run that talks to COMMAND's kernel, as far as that goes: it stays who
/// it is, so that it may read and remove its own files wherever they lie, and it may end `helper`.
/// The calling thread, and those that it starts. What the kernel refuses is left at that.
void confine_run(pid_t helper, bool looks_up_names);

}  // namespace ghostpeer::sandbox
