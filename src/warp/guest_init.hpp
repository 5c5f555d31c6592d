// The first process of the guest: does one run after another, each in a process and namespaces of
// its own (warp/guest_run.hpp).
#pragma once

#include "warp/guest_spec.hpp"

#include <functional>

namespace ghostpeer::warp {

/// The names of files in the guest's directory, and of those in each run's, which lies in it and
/// has the run's number for a name.
namespace guest_file {
inline constexpr const char* init = "init";  ///< a link to this program
inline constexpr const char* log = "log";    ///< the kernel's

inline constexpr const char* spec = "spec";  ///< `encode(GuestSpec)`
inline constexpr const char* in = "stdin";
inline constexpr const char* out = "stdout";
inline constexpr const char* err = "stderr";
inline constexpr const char* ready = "ready";  ///< is there once orders are heard
/// Exit status, bytes of `stdin` that were read, and whether the guest is as it was before.
inline constexpr const char* status = "status";
inline constexpr const char* failure = "failure";  ///< a sentence: why the guest is of no use
inline constexpr const char* blocked = "blocked";  ///< what the program was waiting for
}  // namespace guest_file

/// What the host says to the guest, one order a line: a letter and a number.
namespace order {
inline constexpr char signal = 's';       ///< to ghostpeer in the guest, as if sent to it outside
inline constexpr char broken_pipe = 'p';  ///< to COMMAND: its reader has gone
inline constexpr char blocked = 'b';      ///< write down what COMMAND waits for, then end
inline constexpr char run = 'r';          ///< begin the run of this number; the first needs none
}  // namespace order

/// What SIGTERM to ghostpeer in the guest comes with (sigqueue) where `--wall-timeout` has passed.
inline constexpr int out_of_time_value = 0x77616c6c;

/// The word after the program's name with which the kernel starts it.
inline constexpr const char* guest_word = "warp-guest";

[[nodiscard]] bool is_guest_init(int argc, const char* const* argv);

/// Never returns: the machine is switched off. `await_phase` sleeps until warp/phase.hpp's
/// `next_phase`. `program` runs in a process of its own with all that the caller on the host had;
/// what it returns becomes the run's exit status.
[[noreturn]] void run_guest_init(const char* directory, const std::function<void()>& await_phase,
                                 const std::function<int(const GuestSpec&)>& program);

}  // namespace ghostpeer::warp
