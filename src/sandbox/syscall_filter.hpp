// The system calls of a server that has opened all that it needs.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <vector>

namespace ghostpeer::sandbox {

/// A seccomp program. Allowed is what the run loop, relayed connections, name lookups, threads and
/// the reading of files take; sockets of AF_INET, AF_INET6, of netlink's routing family and, where
/// it `looks_up_names`, of AF_UNIX only. To start a program, or to reach into another process, ends
/// this one (SIGSYS); every other call fails with ENOSYS. Empty where it is not known for this
/// processor. Threads of this process can be sent signals and have limits, those of others not, nor
/// can a descriptor be made to send them any. `child`: a process that may be sent signals and
/// waited for; 0: none.
[[nodiscard]] std::vector<sock_filter> syscall_filter(bool looks_up_names, pid_t child = 0);

/// The system calls of a process that waits and then removes a file.
[[nodiscard]] std::vector<sock_filter> caretaker_filter();

/// From now on, for good, in this thread and those that it starts. Nothing happens where there is
/// no filter, or the kernel knows none. An errno; 0: done. Needs no_new_privs.
[[nodiscard]] int install(std::vector<sock_filter> filter);

}  // namespace ghostpeer::sandbox
