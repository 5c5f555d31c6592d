// The host's side of a run in virtual time: starts the kernel, hands over what it needs, carries
// its output away, passes signals on, and cleans up whatever happens.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "warp/guest_spec.hpp"
#include "warp/kernel_store.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::warp {

struct GuestRun {
    Kernel kernel;
    GuestSpec spec;  ///< `has_stdin` and `one_output` are filled in
    /// Real time until the run is ended, from when `clock` shows zero.
    Duration wall_timeout{};
    /// Real time that the guest may work at a stretch before its clock goes on: processors of any
    /// speed then give the same times, and a program that spins until some time has passed still
    /// gets there.
    Duration free_work = std::chrono::seconds(1);
    std::uint64_t most_input = 0;  ///< bytes of standard input that are kept
    /// Real time since the run began.
    std::function<Duration()> clock;
    /// Readable when `next_signal` has one.
    int signal_fd = -1;
    std::function<std::optional<int>()> next_signal;
    /// Shows a complete sentence to the user while the run goes on.
    std::function<void(std::string_view)> tell;
};

struct GuestEnd {
    enum class Kind {
        ended,  ///< `status` is what ghostpeer returned in the guest
        wall_timeout,
        signal,  ///< `status` is the signal that ended the run before the guest could
        failed,  ///< the guest could not do its work
    };
    Kind kind = Kind::failed;
    int status = 0;
    bool told = false;    ///< ghostpeer in the guest has ended in order, its reports are written
    std::string message;  ///< complete sentences, one a line; may be empty for `ended`
};

/// Standard input, output and error are the process's own.
[[nodiscard]] GuestEnd run_guest(const GuestRun& run);

/// What a kernel that ended without a status said about it, for people.
[[nodiscard]] std::string explain_kernel_log(std::string_view log, int wait_status);

}  // namespace ghostpeer::warp
