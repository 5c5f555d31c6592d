// Where peers are on the loopback link: a port each, as the kernel keeps all others.
#pragma once

#include "setup/peers.hpp"

#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

/// Gives the peers that have no port one, and those that dial some to dial from; fills in
/// `peers.loopback`. The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> place_on_loopback(Peers& peers,
                                                                const CommonOptions& options);

}  // namespace ghostpeer::setup
