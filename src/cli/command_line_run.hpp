// The command line of `ghostpeer run`.
#pragma once

#include "cli/command_line_common.hpp"
#include "setup/run_options.hpp"

namespace ghostpeer::cli {

/// The texts that options are read into before they are understood.
struct RawRun : RawCommon {
    std::vector<std::string> sysctls;
    std::string link = "auto";
    std::string family = "4";
    std::string warp;
    std::string poll_timeout;
    std::string run_for;
    std::string wall_timeout;
    std::string free_work;
    std::string syscalls;
    std::string report_file;
    std::string relay;
    unsigned mtu = 0;  ///< that of the link
    unsigned port = 0;
};

void define_run(CLI::App& run, RawRun& raw, setup::RunOptions& options);

/// A complaint, unless there is none.
[[nodiscard]] std::optional<std::string> understand_run(const RawRun& raw,
                                                        setup::RunOptions& options);

}  // namespace ghostpeer::cli
