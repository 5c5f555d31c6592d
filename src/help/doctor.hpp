// `ghostpeer doctor`: what works on this machine for this user, found out by trying it.
#pragma once

namespace ghostpeer::help {

/// Prints a line for each thing and how to get what is missing. Returns the exit status: 0 where
/// `ghostpeer run` works in some way.
[[nodiscard]] int doctor();

}  // namespace ghostpeer::help
