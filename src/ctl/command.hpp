// `ghostpeer ctl`: what a running ghostpeer is asked from a shell.
#pragma once

#include "setup/run_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::ctl {

struct Request {
    std::vector<std::string> words;      ///< `use db refuse`; never empty
    std::optional<std::string> control;  ///< unset: GHOSTPEER_CONTROL
    std::optional<std::string> token_file;
    std::optional<std::string> peer;
    std::optional<std::uint64_t> connection;
    std::optional<std::string> scope;           ///< of `add`, and whose peers are acted on
    std::optional<std::string> timeout;         ///< of `wait`, as written
    std::vector<setup::Assignment> parameters;  ///< of `use`
    std::optional<std::uint64_t> since;         ///< of `events` and `wait`
    bool reset = false;                         ///< of `stats` and `use`
    bool json = false;
};

[[nodiscard]] int command(const Request& request);

}  // namespace ghostpeer::ctl
