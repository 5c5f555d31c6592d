// What stands behind the peers of a run: `--server`, `servers:` and what `relay` and `exec` name.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/relays.hpp"
#include "setup/run_options.hpp"

#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

/// One `--server`: `NAME[:PORT]=COMMAND`. The error is a complete sentence.
[[nodiscard]] tl::expected<profile::Server, std::string> parse_server(const std::string& text);

struct ServerSet {
    std::vector<profile::Server> servers;  ///< those of the command line first
    profile::RelayReadiness relays;
};

using Profiles = std::vector<std::shared_ptr<const profile::Profile>>;

/// Of the options and of these profiles. `served`: by `serve`, which starts nothing. The error is a
/// complete sentence.
[[nodiscard]] tl::expected<ServerSet, std::string> gather_servers(const CommonOptions& options,
                                                                  const Profiles& profiles,
                                                                  bool served);

/// The text of a profile that is this one with another service: `--relay`.
[[nodiscard]] std::string relaying_profile(const std::string& profile, const std::string& to);

/// DNS over TCP, at every address as over UDP; a peer that is given port 53 itself comes first.
void add_name_server(std::vector<peer::PeerSpec>& specs);

}  // namespace ghostpeer::setup
