// `--warp=6.1,6.12`: the same run on several kernels, side by side.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "guests/host.hpp"
#include "setup/run_options.hpp"
#include "warp/guest_spec.hpp"
#include "warp/kernel_store.hpp"

#include <string>
#include <vector>

namespace ghostpeer::guests {

/// What is compared of a run, read from its event stream.
struct RunRecord {
    struct Segment {
        double at = 0;     ///< seconds
        std::string what;  ///< `> syn`, `<x syn-ack`, `> data 100`
    };
    std::string kernel;  ///< `Linux 6.12.117`
    int status = 0;      ///< that ghostpeer ended with
    double duration = 0;
    std::string verdict;  ///< the headline's beginning: `pass`, `COMMAND failed (7)`
    std::vector<Segment> segments;

    void add(const event::Event& event);
};

/// Lines that are no events are passed over; of no file it is empty.
[[nodiscard]] RunRecord read_record(const std::string& path);
/// The runs beside each other, every line with its line end. `*` marks segments that are not the
/// same, or not at the same time (20 ms or 2 %).
[[nodiscard]] std::string side_by_side(const std::vector<RunRecord>& runs);

/// What a kernel's files are told apart by: `-6.1`.
[[nodiscard]] std::string suffix_of(const std::string& series);
/// `run.jsonl` and `-6.1` make `run-6.1.jsonl`.
[[nodiscard]] std::string with_suffix(const std::string& file, const std::string& suffix);

/// All of them in order, then the comparison on standard error. The first status that is not 0
/// is the whole's.
[[nodiscard]] int compare_kernels(const std::vector<warp::Kernel>& kernels,
                                  const setup::RunOptions& options, const warp::GuestSpec& spec,
                                  Host& host);

}  // namespace ghostpeer::guests
