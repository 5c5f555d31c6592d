// What a run's parts need to know of its options and its peers.
#pragma once

#include "access/control_part.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "sandbox/sandbox.hpp"
#include "setup/peers.hpp"
#include "setup/run_options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::run {

/// COMMAND's surroundings.
[[nodiscard]] sandbox::Spec make_spec(const setup::RunOptions& options, const setup::Peers& peers,
                                      const sandbox::Inheritance& inheritance, std::uint64_t seed,
                                      const std::optional<access::ControlAccess>& control);

/// The exit status of a run that could not begin for this reason.
[[nodiscard]] int status_of(const sandbox::Error& error);

/// Does an expectation look at what COMMAND writes?
[[nodiscard]] bool looks_at_output(const setup::Peers& peers);

/// Of those that `--peer` names, where there were connections to others: names of the peer and of
/// its profile.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> find_unmet_peers(
    const setup::Peers& peers, const peer::Engine& engine);

}  // namespace ghostpeer::run
