// The process that ends with this one, whatever ends this one.
#pragma once

#include <sys/types.h>

namespace ghostpeer::companion {

/// From now on `process` is the one; 0: there is none. It is a child that nobody has waited for.
void set(pid_t process) noexcept;
/// Kills it, if there is one. Async-signal-safe.
void end() noexcept;

}  // namespace ghostpeer::companion
