// The system calls of a server that has opened all that it needs.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <vector>

namespace ghostpeer::sandbox {

/// A seccomp program. Allowed is what the run loop, relayed connections, name lookups, threads and
/// the reading of files take; sockets of AF_UNIX, AF_INET, AF_INET6 and of netlink's routing family
/// only. To start a program, or to reach into another process, ends this one (SIGSYS); every other
/// call fails with ENOSYS. Empty where it is not known for this processor.
/// `child`: a process that may be sent signals and waited for, which no other may be; 0: none.
[[nodiscard]] std::vector<sock_filter> syscall_filter(pid_t child = 0);

}  // namespace ghostpeer::sandbox
