// What rules do to COMMAND's interface (`interface:`).
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "loop/part.hpp"
#include "sandbox/sandbox.hpp"

#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::run {

class InterfacePart final : public loop::Part {
  public:
    InterfacePart(peer::Engine& engine, sandbox::Sandbox& sandbox)
        : engine_(engine), sandbox_(sandbox) {}

    void carry_out(Instant now) override;
    /// Only what the kernel has refused is left to be told.
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return refused_;
    }
    bool attend(Instant now) override;
    [[nodiscard]] std::optional<std::string> failure() const override { return failure_; }

  private:
    peer::Engine& engine_;
    sandbox::Sandbox& sandbox_;
    std::vector<profile::InterfaceState> wanted_;
    std::optional<Instant> refused_;
    std::optional<std::string> failure_;
};

}  // namespace ghostpeer::run
