// The links that `serve` may have, opened here or in another network namespace.
#pragma once

#include "link/lan.hpp"
#include "link/link.hpp"
#include "setup/peers.hpp"
#include "setup/serve_options.hpp"

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

struct ServedLink {
    std::unique_ptr<link::Presence> presence;  ///< of ethernet only; outlives `link`
    std::unique_ptr<link::Link> link;
    // Of ethernet, for LanPart:
    FileDescriptor neighbours;
    FileDescriptor news;
    int index = 0;
    link::MacAddress own{};
};

/// With --link loopback: fills in `peers.loopback`. The error is a complete sentence.
[[nodiscard]] tl::expected<void, std::string> place_served(const ServeOptions& options,
                                                           Peers& peers);

/// Probing for addresses begins at `now`. The error is a complete sentence.
[[nodiscard]] tl::expected<ServedLink, std::string> open_served_link(const ServeOptions& options,
                                                                     const Peers& peers,
                                                                     std::uint64_t seed,
                                                                     Instant now);

}  // namespace ghostpeer::setup
