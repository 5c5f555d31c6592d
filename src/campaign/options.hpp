// What `ghostpeer sweep` and `ghostpeer survey` were asked to do.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "setup/run_options.hpp"
#include "sweep/fault.hpp"
#include "sweep/outcome.hpp"
#include "sweep/results.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::campaign {

/// What both have in common.
struct CampaignOptions {
    std::vector<std::string> command;
    std::vector<std::string> run_options;  ///< handed on to each `run`, as written
    std::optional<std::uint16_t> port;     ///< COMMAND listens there, and the peer dials
    std::vector<std::string> peers;        ///< `[NAME|ADDR][:PORT]`, each with the profile tried
    std::vector<std::string> kernels;      ///< empty: the default one, where it is there
    bool real = false;                     ///< in real time
    std::optional<std::size_t> jobs;
    Duration limit = std::chrono::hours(3);       ///< virtual time
    Duration timeout = std::chrono::seconds(60);  ///< real time
    Duration slow = std::chrono::minutes(1);
    /// Real time that COMMAND may work at a stretch. Several guests at a time on a machine that may
    /// have other work: what they do still costs no time, so that the same sweep ends the same way.
    Duration free_work = std::chrono::seconds(10);
    std::uint64_t seed = 1;
    sweep::Surroundings around;
    std::string output;                 ///< the folder
    std::optional<std::string> resume;  ///< a folder to go on with
    std::vector<std::string> merge;     ///< folders to be put together
    std::optional<std::string> plan;    ///< the file that it is written to, instead of being done
    sweep::Shard shard;
    std::vector<sweep::Outcome> fail_on;
    std::optional<std::string> json;
    std::optional<std::string> junit;
    std::optional<std::string> tap;
    std::optional<std::string> snapshot;
    std::optional<std::string> report;
    bool update = false;
    bool quiet = false;
};

struct SweepOptions : CampaignOptions {
    std::optional<std::string> profile;
    std::vector<sweep::Fault> faults;
    std::optional<std::uint64_t> attempt;
    std::size_t bytes = 32;
    std::vector<std::string> at;                ///< parts of positions' names
    std::vector<setup::Assignment> parameters;  ///< `--set`
    bool explain_faults = false;
};

struct SurveyOptions : CampaignOptions {
    std::vector<std::string> profiles;      ///< empty: those of the catalogue
    std::vector<std::string> tags;          ///< all of them must fit, of the catalogue's
    std::vector<setup::Assignment> values;  ///< `--set`: a name, and one or more values
    std::optional<std::string> baseline;    ///< the profile with which nothing is the matter
    std::size_t seeds = 0;                  ///< 0: the one
    std::optional<std::string> programs;    ///< a file with a name and a command on each line
};

}  // namespace ghostpeer::campaign
