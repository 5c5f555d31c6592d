// What of processes still moves, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace ghostpeer::process {

/// How often their threads have gone to sleep by themselves since they began: a program that polls
/// does so all the time.
[[nodiscard]] std::uint64_t times_slept(const std::vector<pid_t>& processes);

/// Timers of the kernel's for TCP sockets in the network of a process.
struct SocketTimers {
    bool any = false;     ///< the kernel will send, or give up, by itself
    bool others = false;  ///< than probes of an idle connection, or of a closed window
};
[[nodiscard]] SocketTimers socket_timers(pid_t process);

}  // namespace ghostpeer::process
