// A guest on the host's side: a kernel that does runs in virtual time, one after another. Whatever
// happens, nothing is left of it.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "warp/guest_spec.hpp"
#include "warp/kernel_store.hpp"
#include "warp/machine.hpp"
#include "warp/run_directory.hpp"
#include "warp/standard_input.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

struct GuestRun {
    GuestSpec spec;  ///< `epoch`, `has_stdin`, `one_output` and `kept` are filled in
    /// Real time until the run is ended, from when `clock` shows zero.
    Duration wall_timeout{};
    std::uint64_t most_input = 0;  ///< bytes of standard input that are kept
    /// Real time since the run began.
    std::function<Duration()> clock;
    std::function<Duration()> time_of_day;  ///< since 1970
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

class Guest {
  public:
    struct Options {
        Kernel kernel;
        /// Real time that it may work at a stretch before its clock goes on: processors of any
        /// speed then give the same times, and a program that spins until some time has passed
        /// still gets there.
        Duration free_work = std::chrono::seconds(1);
        bool kept = false;  ///< for more runs than one
    };
    explicit Guest(Options options) : options_(std::move(options)) {}

    /// Standard input, output and error are the process's own. Boots where that has to be: for the
    /// first run, after one that has broken or changed the guest, and now and then.
    [[nodiscard]] GuestEnd run(const GuestRun& run);

    [[nodiscard]] const Options& options() const { return options_; }

  private:
    struct Home {
        RunDirectory folder;
        std::optional<Machine> machine;  ///< from the first run on
        int runs = 0;
    };
    using Problem = std::optional<std::string>;  ///< a complete sentence

    [[nodiscard]] Problem prepare();
    [[nodiscard]] static std::optional<GuestEnd> take_input(StandardInput& input,
                                                            const RunDirectory& folder);
    [[nodiscard]] Problem hand_over(const GuestRun& run, bool has_stdin,
                                    const RunDirectory& folder);
    [[nodiscard]] bool is_worn() const;

    Options options_;
    std::optional<Home> home_;
};

}  // namespace ghostpeer::warp
