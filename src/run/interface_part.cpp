#include "run/interface_part.hpp"

#include <fmt/format.h>

#include <utility>

namespace ghostpeer::run {
namespace {

[[nodiscard]] sandbox::InterfaceState state_of(profile::InterfaceState wanted) noexcept {
    switch (wanted) {
        case profile::InterfaceState::down: return sandbox::InterfaceState::down;
        case profile::InterfaceState::no_carrier: return sandbox::InterfaceState::no_carrier;
        case profile::InterfaceState::no_route: return sandbox::InterfaceState::no_route;
        case profile::InterfaceState::up: break;
    }
    return sandbox::InterfaceState::up;
}

}  // namespace

void InterfacePart::carry_out(Instant now) {
    wanted_.clear();
    engine_.take_interface_states(wanted_);
    for (const profile::InterfaceState state : wanted_) {
        if (failure_) {
            return;
        }
        if (const auto done = sandbox_.set_interface(state_of(state)); !done) {
            refused_ = now;
            failure_ = fmt::format("`interface: {}` could not be done: {}", profile::name(state),
                                   done.error().message);
        }
    }
}

bool InterfacePart::attend(Instant /*now*/) {
    return std::exchange(refused_, std::nullopt).has_value();
}

}  // namespace ghostpeer::run
