#pragma once

#include <sys/types.h>

#include <tl/expected.hpp>

#include "sandbox/error.hpp"

namespace ghostpeer::sandbox {

/// Whether the calling process lacks what namespaces need (CAP_SYS_ADMIN, CAP_NET_ADMIN) and must
/// get it from a user namespace.
[[nodiscard]] bool needs_user_namespace();

/// Whose network a process is in: its own, with nothing but an `lo` that is down, or the caller's.
enum class Network : unsigned char { own, callers };

/// fork() into new mount, network and PID namespaces: 0 in the child. The child sends no SIGCHLD
/// and is seen by waitpid() with __WALL only, so that nobody else's waitpid(-1) can reap it.
/// On failure the errno.
[[nodiscard]] tl::expected<pid_t, int> clone_helper(bool user_namespace,
                                                    Network network = Network::own);

/// Maps users and groups of the helper's user namespace to themselves: all of them if the caller
/// may, else its own.
[[nodiscard]] tl::expected<void, Error> write_maps(pid_t helper);

/// Private mount propagation and, where permitted, the PID namespace's own /proc. True if what is
/// mounted from now on stays in the namespace. Call it inside.
[[nodiscard]] bool isolate_mounts();

}  // namespace ghostpeer::sandbox
