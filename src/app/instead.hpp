// What COMMAND did where nothing of it reached the peer.
#pragma once

#include "app/name_server.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "process/network_use.hpp"

#include <string>
#include <vector>

namespace ghostpeer::app {

/// Sentences, from what the private network has counted. Empty where a connection reached the peer.
/// `loopback`: the peer itself is on 127.0.0.1.
[[nodiscard]] std::vector<std::string> describe_instead(
    const std::optional<process::NetworkUse>& use, const peer::Engine& engine,
    const std::vector<std::string>& unknown_names, bool loopback);

}  // namespace ghostpeer::app
