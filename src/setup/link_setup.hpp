// Which link a run gets, and how it is opened inside the namespace and used outside of it.
#pragma once

#include "link/link.hpp"
#include "sandbox/sandbox.hpp"
#include "setup/peers.hpp"
#include "setup/run_options.hpp"

#include <memory>

namespace ghostpeer::setup {

/// What `Spec::open_link` has to be.
[[nodiscard]] std::function<tl::expected<sandbox::LinkEnd, sandbox::Error>()> link_opener(
    LinkChoice choice, const LoopbackPlaces& loopback);

/// The engine's side of the link that was opened.
[[nodiscard]] std::unique_ptr<link::Link> make_link(sandbox::LinkEnd& end, std::uint16_t mtu,
                                                    const LoopbackPlaces& loopback);

}  // namespace ghostpeer::setup
