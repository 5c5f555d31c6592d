#include "run/fires.hpp"

#include <algorithm>

namespace ghostpeer::run {

Fires::Fires(const std::vector<setup::Fire>& fires, peer::Engine& engine, loop::Sinks& sinks)
    : engine_(engine), sinks_(sinks), waiting_(fires.rbegin(), fires.rend()) {
    // Of two at the same time the first that was written comes first.
    std::stable_sort(waiting_.begin(), waiting_.end(),
                     [](const auto& a, const auto& b) { return a.at > b.at; });
}

std::optional<Instant> Fires::next_deadline() const noexcept {
    return waiting_.empty() ? std::nullopt : std::optional(begin_ + waiting_.back().at);
}

void Fires::begin(Instant now) { begin_ = now; }

bool Fires::attend(Instant now) {
    bool any = false;
    while (!waiting_.empty() && begin_ + waiting_.back().at <= now) {
        any = true;
        const std::string command = std::move(waiting_.back().command);
        waiting_.pop_back();
        if (engine_.fire(command, now) == 0) {
            sinks_.notice(now, "command",
                          "The command `" + command +
                              "` was fired, but no open "
                              "connection waits for it.");
        }
    }
    return any;
}

}  // namespace ghostpeer::run
