#include "flows/stream_watch.hpp"

#include <algorithm>
#include <string_view>

namespace ghostpeer::flows {
namespace {

// A match is no longer than this.
constexpr std::size_t longest = 4096;

}  // namespace

void StreamWatch::hear(std::span<const std::uint8_t> readable, std::uint64_t received) {
    const auto fresh =
        static_cast<std::size_t>(std::min<std::uint64_t>(received - heard_, readable.size()));
    if (received - heard_ > readable.size()) {
        // Something passed unheard, so that no text spans this place.
        kept_.clear();
        looked_.clear();
    }
    heard_ = received;
    const auto news = readable.last(fresh);
    kept_.insert(kept_.end(), news.begin(), news.end());
}

std::size_t StreamWatch::count(const profile::Rule& rule) {
    const std::string_view text(reinterpret_cast<const char*>(kept_.data()), kept_.size());
    std::size_t& looked = looked_[rule.id];
    std::size_t found = 0;
    while (looked <= text.size()) {
        std::size_t first = std::string_view::npos;
        std::size_t end = 0;
        for (const auto& event : rule.on) {
            const auto* on = std::get_if<profile::OnReceivedPattern>(&event);
            const auto match = on != nullptr ? on->pattern.find(text, looked) : std::nullopt;
            if (match && match->end > match->begin && match->begin < first) {
                first = match->begin;
                end = match->end;
            }
        }
        if (first == std::string_view::npos) {
            break;
        }
        looked = end;
        ++found;
    }
    return found;
}

void StreamWatch::forget() {
    if (kept_.size() <= 2 * longest) {
        return;
    }
    const std::size_t gone = kept_.size() - longest;
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(gone));
    for (auto& [rule, looked] : looked_) {
        looked -= std::min(looked, gone);
    }
}

}  // namespace ghostpeer::flows
