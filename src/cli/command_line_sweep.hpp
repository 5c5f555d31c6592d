// Options of `sweep` and `survey`. Only the files command_line*.cpp see CLI11.
#pragma once

#include "cli/command_line.hpp"
#include "cli/command_line_common.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::cli {

/// The texts that options are read into before they are understood.
struct RawCampaign {
    std::vector<std::string> parameters;
    std::vector<std::string> sysctls;
    std::string link;
    std::string rtt;
    RawLink way;
    std::string seed;
    unsigned port = 0;
    std::string warp;
    std::size_t jobs = 0;
    std::string limit;
    std::string timeout;
    std::string slow;
    std::string free_work;
    std::string resume;
    std::string plan;
    std::string shard;
    std::string fail_on;
    std::string json;
    std::string junit;
    std::string tap;
    std::string snapshot;
    std::string report;
};

struct RawSweep : RawCampaign {
    std::string profile;
    std::string faults;
    std::vector<std::string> fault_files;
    std::string bytes;
    std::uint64_t attempt = 0;
};

struct RawSurvey : RawCampaign {
    std::string baseline;
};

void define_survey(CLI::App& survey, RawSurvey& raw, campaign::SurveyOptions& options);
/// A complaint, unless there is none.
[[nodiscard]] std::optional<std::string> understand_survey(const RawSurvey& raw,
                                                           campaign::SurveyOptions& options);

void define_sweep(CLI::App& sweep, RawSweep& raw, campaign::SweepOptions& options);
/// A complaint, unless there is none.
[[nodiscard]] std::optional<std::string> understand_sweep(const RawSweep& raw,
                                                          campaign::SweepOptions& options);

}  // namespace ghostpeer::cli
