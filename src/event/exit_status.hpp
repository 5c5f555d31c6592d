// The statuses that ghostpeer ends with where they are not COMMAND's own.
#pragma once

namespace ghostpeer {

inline constexpr int exit_success = 0;
inline constexpr int exit_verdict_failed = 123;  ///< an expectation failed or a rule never fired
inline constexpr int exit_timeout = 124;         ///< `--timeout` passed
inline constexpr int exit_cannot = 125;          ///< ghostpeer could not do its work
inline constexpr int exit_not_executable = 126;  ///< COMMAND cannot be run
inline constexpr int exit_not_found = 127;       ///< COMMAND is not there
inline constexpr int exit_signal_base = 128;     ///< plus the signal that ended COMMAND

/// As a shell has it. What no system numbers its signals with, as a record may say, counts as 127.
[[nodiscard]] constexpr int exit_status_of_signal(int signal) noexcept {
    return exit_signal_base + (signal < 0 || signal > 127 ? 127 : signal);
}

}  // namespace ghostpeer
