// The engine that `run` and `serve` drive.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "setup/peers.hpp"
#include "setup/run_options.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ghostpeer::setup {

/// What may be held for all connections, or of standard input for a guest, in bytes.
[[nodiscard]] std::size_t memory_limit(const CommonOptions& options) noexcept;

/// Will ICMP errors or answers of a name server leave, as far as can be told beforehand?
[[nodiscard]] bool make_other_packets(const Peers& peers);

/// Names of the profiles, each once.
[[nodiscard]] std::vector<std::string> profile_names(const Peers& peers);

/// What follows from the options; the link's and the run's own settings are left open.
[[nodiscard]] peer::Settings make_settings(const CommonOptions& options, const Peers& peers,
                                           std::uint64_t seed);

}  // namespace ghostpeer::setup
