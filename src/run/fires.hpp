// `--fire NAME@TIME`: commands that the user has planned.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "setup/run_options.hpp"

#include <vector>

namespace ghostpeer::run {

class Fires final : public loop::Part {
  public:
    Fires(const std::vector<setup::Fire>& fires, peer::Engine& engine, loop::Sinks& sinks);

    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override;
    void begin(Instant now) override;
    bool attend(Instant now) override;

  private:
    peer::Engine& engine_;
    loop::Sinks& sinks_;
    Instant begin_{};
    std::vector<setup::Fire> waiting_;  ///< the next one last
};

}  // namespace ghostpeer::run
