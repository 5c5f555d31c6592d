#include "flows/action_detail.hpp"

#include "wire/overloaded.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::flows {

using namespace profile;

namespace {

/// A header says so much of a window as its scale can; what of it is told where it is not the
/// whole.
[[nodiscard]] std::string window_detail(std::uint32_t bytes, std::uint8_t scale) {
    constexpr std::uint32_t largest_field = 65535;
    const std::uint32_t step = 1U << scale;
    const std::uint32_t offered =
        bytes == 0 ? 0 : std::clamp(bytes >> scale, 1U, largest_field) << scale;
    return offered == bytes
               ? fmt::format("{} bytes", bytes)
               : fmt::format("{} bytes; {} are offered, in steps of {}", bytes, offered, step);
}

}  // namespace

std::string action_detail(const Action& action, const Connection& connection) {
    return std::visit(
        Overloaded{
            [](const Say& say) {
                return fmt::format("{} bytes", say.content ? say.content->size() : say.generated);
            },
            [&](const SetWindow& window) {
                return window.bytes ? window_detail(*window.bytes, connection.tcb.rcv().scale)
                                    : std::string("auto");
            },
            [](const Blackhole& hole) -> std::string {
                switch (hole.direction) {
                    case profile::Direction::in: return "in";
                    case profile::Direction::out: return "out";
                    case profile::Direction::both: break;
                }
                return {};
            },
            [](const Become& next) { return next.phase; },
            [](const Finish& how) { return std::string(how.all ? "all" : ""); },
            [](const auto&) { return std::string(); },
        },
        action);
}

}  // namespace ghostpeer::flows
