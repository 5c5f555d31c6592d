// What COMMAND did where nothing of it reached the peer.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "process/network_use.hpp"
#include "servers/name_server.hpp"

#include <string>
#include <vector>

namespace ghostpeer::run {

/// Sentences, from what the private network has counted. Empty where a connection reached the peer.
/// `loopback`: the peer itself is on 127.0.0.1.
[[nodiscard]] std::vector<std::string> describe_instead(
    const std::optional<process::NetworkUse>& use, const peer::Engine& engine,
    const std::vector<std::string>& unknown_names, bool loopback);

}  // namespace ghostpeer::run
