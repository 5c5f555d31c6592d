// What the program in the guest has to be given, as it would have had it on the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::warp {

struct ResourceLimit {
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
    friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

struct GuestSpec {
    std::vector<std::string> arguments;    ///< of ghostpeer itself, with its name first
    std::vector<std::string> environment;  ///< `NAME=value`
    std::string directory;                 ///< working directory
    std::string host_name;
    std::uint32_t user = 0;
    std::uint32_t group = 0;
    std::vector<std::uint32_t> groups;
    std::uint32_t umask = 022;
    std::vector<int> ignored_signals;
    std::vector<ResourceLimit> limits;  ///< by number, RLIMIT_CPU is 0
    std::uint64_t seed = 0;
    std::int64_t epoch = 0;   ///< the host's time, nanoseconds since 1970
    std::string events_file;  ///< where the event stream goes; empty: where the arguments say
    std::string file_suffix;  ///< put into the names of the run's files, before their extension
    bool colour = false;
    bool has_stdin = false;   ///< the run directory holds a file `stdin`; else it is empty
    bool one_output = false;  ///< standard error goes where standard output goes
    bool kept = false;        ///< the guest may have to do another run after this one

    friend bool operator==(const GuestSpec&, const GuestSpec&) = default;
};

/// What the calling process has, except for the arguments.
[[nodiscard]] GuestSpec describe_caller();

[[nodiscard]] std::string encode(const GuestSpec& spec);
/// Not set for anything that `encode` has not made.
[[nodiscard]] std::optional<GuestSpec> decode(std::string_view text);

}  // namespace ghostpeer::warp
