// What a program that does not go on is waiting for, from the kernel's own tables.
#pragma once

#include "process/socket_table.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::process {

/// The name of a system call that can wait, or `system call N`.
[[nodiscard]] std::string call_name(std::uint64_t number);

/// Something that a thread waits for.
struct Awaited {
    int descriptor = -1;
    std::string what;  ///< `a TCP connection to …`, `pipe:[4711]`
    std::optional<Socket> socket;
};

/// How a thread stands.
struct Wait {
    enum class How : std::uint8_t {
        waits,    ///< in `call`
        sleeps,   ///< in a call that could not be learnt
        runs,     ///< it waits for nothing
        stopped,  ///< by a signal
        traced,   ///< held by a debugger, or for a moment by strace
        ended,    ///< and its parent has not asked for it
    };
    std::string who;  ///< `python3`, `curl, thread "resolver"`
    How how = How::sleeps;
    std::string call;  ///< of `waits`: its name; of `sleeps`: where in the kernel, or empty
    std::vector<Awaited> awaited;  ///< 8 at most
    bool more = false;             ///< there are others
    /// Since it last ran; unset where the kernel does not tell (CONFIG_SCHED_DEBUG, before 6.15).
    std::optional<std::chrono::nanoseconds> asleep;
};

/// Each thread of the processes, 64 at most. Where /proc does not tell a call, threads are stopped
/// for a moment: meant for the end of a run.
[[nodiscard]] std::vector<Wait> look_at(const std::vector<pid_t>& processes);

/// Does any of their threads run, or wait for nothing but a disk? Of 64 threads at most.
[[nodiscard]] bool at_work(const std::vector<pid_t>& processes);

/// `python3 is in recv: descriptor 3, a TCP connection to …`, without an end.
[[nodiscard]] std::string to_text(const Wait& wait);

}  // namespace ghostpeer::process
