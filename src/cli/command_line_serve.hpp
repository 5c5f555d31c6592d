// The command line of `ghostpeer serve`.
#pragma once

#include "cli/command_line_common.hpp"
#include "setup/serve_options.hpp"

namespace ghostpeer::cli {

struct RawServe : RawCommon {
    std::string link;
    std::vector<std::string> addresses;
    std::vector<std::string> gateways;
    std::string mac = "own";
    std::string probe_time;
    std::string netns;
    std::string user;
    std::string dial;
    unsigned mtu = 0;
};

void define_serve(CLI::App& serve, RawServe& raw, setup::ServeOptions& options);

/// A complaint, unless there is none.
[[nodiscard]] std::optional<std::string> understand_serve(const RawServe& raw,
                                                          setup::ServeOptions& options);

}  // namespace ghostpeer::cli
