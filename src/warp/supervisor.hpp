// Looks after one run while the guest does it: carries its output away, passes signals on, and ends
// it where its time is up.
#pragma once

#include "posix/file_descriptor.hpp"
#include "warp/guest.hpp"
#include "warp/machine.hpp"
#include "warp/output_relay.hpp"
#include "warp/run_directory.hpp"
#include "warp/standard_input.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::warp {

class Supervisor {
  public:
    /// `folder` is the run's, `log` the file of the guest's kernel.
    Supervisor(const GuestRun& run, const RunDirectory& folder, Machine& machine,
               std::filesystem::path log);

    /// The run begins within that time, or the guest is given up.
    void begin_within(Duration time) { begin_until_ = run_.clock() + time; }
    /// Until the run has ended, or the guest.
    [[nodiscard]] GuestEnd supervise(StandardInput& input);

    /// Did the guest come to begin the run?
    [[nodiscard]] bool begun() const;
    /// Is the guest as it was before the run?
    [[nodiscard]] bool unchanged() const { return unchanged_; }

  private:
    void follow(const char* name, int target);
    [[nodiscard]] bool ended();
    [[nodiscard]] bool has(const char* name) const;
    void wait();
    void pump();
    void give_orders();
    void pass_signals();
    void check_time();
    void finish_output();
    [[nodiscard]] GuestEnd tell_end(StandardInput& input);
    [[nodiscard]] std::string own_log() const;
    [[nodiscard]] std::string describe_timeout() const;

    const GuestRun& run_;
    const RunDirectory& folder_;
    Machine& machine_;
    std::filesystem::path log_;
    std::size_t log_begin_ = 0;  ///< what earlier runs of the guest have left in it
    FileDescriptor changes_;
    bool is_told_ = false;  ///< of them by the kernel; else they are looked at now and then
    std::vector<OutputRelay> outputs_;
    std::vector<std::pair<char, int>> orders_;  ///< until the guest listens
    bool killed_ = false;
    bool given_up_ = false;  ///< it was killed, and is not gone
    bool unchanged_ = false;
    std::optional<Duration> begin_until_;
    Duration wall_end_{};
    std::optional<Duration> kill_at_;
    std::optional<int> ended_by_;
    int interrupts_ = 0;
    bool out_of_time_ = false;
};

}  // namespace ghostpeer::warp
