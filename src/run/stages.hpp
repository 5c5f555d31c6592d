// The programs behind the peer, where a run has any.
#pragma once

#include "servers/relay.hpp"
#include "servers/stage.hpp"
#include "setup/peers.hpp"

#include <optional>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::run {

class Stages {
  public:
    /// Starts servers and waits for them; call it while the process has one thread.
    /// `kept_outside`: descriptors that are not for them.
    [[nodiscard]] tl::expected<void, sandbox::Error> begin(const setup::Peers& peers,
                                                           const std::vector<int>& kept_outside);
    [[nodiscard]] servers::Behind behind(const setup::Peers& peers) const;

  private:
    std::optional<servers::Stage> processes_;
    std::optional<servers::Stage> servers_;
};

}  // namespace ghostpeer::run
