// What ends a run that does not come to its end: the process is gone at a given moment, whatever it
// is doing and whoever it waits for.
#pragma once

#include "ghostpeer/wire/time.hpp"

/// One for the process. In the ordinary course of things it is never met: the run loop ends a run
/// in order, and puts this off as it gets on. It needs no thread and no descriptor.
namespace ghostpeer::last_resort {

/// How long an end may stand still.
inline constexpr Duration patience = std::chrono::seconds(2);
/// How long it may take to tell what became of a run that has ended in time. Each of its outputs
/// has a shorter patience of its own with who reads it.
inline constexpr Duration patience_with_readers = std::chrono::seconds(15);

/// Why the process would be ended, which decides its exit status.
enum class Cause : unsigned char {
    timeout,
    wall_timeout,
    signal,
    over,  ///< COMMAND has ended in time, and ghostpeer has not come to its own end
};

/// From now on the two functions below do something; an error of the kernel leaves it at that.
void prepare() noexcept;
/// In a child of fork(): what was prepared and armed is its parent's.
void forget_in_child() noexcept;
/// The process ends `after` from now, unless this or `disarm` is called again before.
/// `signal`: the number, where that is the cause. Async-signal-safe.
void arm(Duration after, Cause why, int signal = 0) noexcept;
/// Puts an end that is nearer off to `patience` from now, if there is to be one at all.
void put_off() noexcept;
void disarm() noexcept;

/// For the message, should it come to that: `opening the files of --events and others`. The text
/// is kept as it is, so it has to be a literal.
void doing(const char* what) noexcept;

}  // namespace ghostpeer::last_resort
