// The control interface as a part of `run` and `serve`.
//
//   auto access = open_control(options, true);    // before COMMAND's environment is made
//   ...
//   ControlPart control(*access, clock, engine, sinks, peers);
//   loop.add(control);
//   ...
//   control.end();    // after the verdict was told, before what it looks at goes
#pragma once

#include "control/control.hpp"
#include "control/listener.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "setup/peers.hpp"
#include "setup/run_options.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::access {

/// Where clients come in, and what they have to know.
struct ControlAccess {
    control::Listener listener;
    std::optional<std::string> token;  ///< of TCP
    bool made_up = false;              ///< the token is new, and nobody has been told
    std::string command_token{};       ///< COMMAND's own on TCP; empty: it has none

    /// GHOSTPEER_CONTROL
    [[nodiscard]] std::string address() const { return listener.address().to_string(); }
};

/// As `--control` says; without it a private Unix socket, where `by_default`. `owner`: who is to
/// have it, if not this user. Null: none is wanted, or none can be made and nobody asked for it,
/// which was said. The error is a complete sentence.
[[nodiscard]] tl::expected<std::optional<ControlAccess>, std::string> open_control(
    const setup::CommonOptions& options, bool by_default,
    const std::optional<control::Owner>& owner = std::nullopt);

/// Where the interface is and which token was made up, for the user; empty: it was not asked for.
[[nodiscard]] std::string describe_control(const setup::CommonOptions& options,
                                           const ControlAccess& access);

class ControlPart final : public loop::Part {
  public:
    /// What else the interface works with; see `control::Control::Parts`.
    struct Wanted {
        std::shared_ptr<const event::Run> run{};
        control::Places* places = nullptr;
        std::function<void(Instant)> watch_sockets{};
        std::function<void(Instant)> list_sockets{};
    };
    /// `access` has to outlive this object, as do the others.
    ControlPart(const ControlAccess& access, const loop::Clock& clock, peer::Engine& engine,
                loop::Sinks& sinks, const setup::Peers& peers, Wanted wanted);

    [[nodiscard]] int fd() const noexcept override { return control_->fd(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return control_->next_deadline();
    }
    bool attend(Instant now) override {
        control_->attend(now);
        return true;
    }
    void delivered() override { control_->delivered(); }

    void open_door(FileDescriptor listening, const std::string& token) {
        control_->open_door(std::move(listening), token);
    }
    void conclude_scopes(Instant now) { control_->conclude_scopes(now); }
    [[nodiscard]] std::vector<std::string> failed_scopes(Instant now) {
        return control_->failed_scopes(now);
    }
    [[nodiscard]] std::optional<std::string> lost() const { return control_->lost(); }

    /// Nobody is served any more; see `control::Control::end`. False: its thread is left behind
    /// with a request, and the process has to end without the destructors of what is static.
    [[nodiscard]] bool end();

  private:
    std::unique_ptr<control::Control> control_;
};

}  // namespace ghostpeer::access
