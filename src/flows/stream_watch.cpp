#include "flows/stream_watch.hpp"

#include <algorithm>
#include <string_view>

namespace ghostpeer::flows {
namespace {

// A match that segments cut is found up to this size.
constexpr std::size_t longest = profile::longest_received;

}  // namespace

void StreamWatch::hear(std::span<const std::uint8_t> readable, std::uint64_t received) {
    const auto fresh =
        static_cast<std::size_t>(std::min<std::uint64_t>(received - heard_, readable.size()));
    news_ = received - fresh;
    if (news_ != heard_) {
        // Something passed unheard, so that no text spans this place, nor does a line begin there:
        // a byte that ends none stands before it.
        kept_.assign(1, 0);
        begin_ = news_ - 1;
        searches_.clear();
    }
    heard_ = received;
    const auto news = readable.last(fresh);
    kept_.insert(kept_.end(), news.begin(), news.end());
}

void StreamWatch::look(Search& search, const profile::Pattern& pattern, std::uint64_t from) const {
    if (search.next && search.next->first >= from) {
        return;
    }
    search.next.reset();
    search.from = std::max(search.from, from);
    if (search.looked == heard_) {
        return;
    }
    const std::string_view text(reinterpret_cast<const char*>(kept_.data()), kept_.size());
    // Where something was cut off, one byte more is kept to tell whether a line begins behind it.
    search.from = std::max(search.from, begin_ + (begin_ > 0 ? 1 : 0));
    auto at = static_cast<std::size_t>(search.from - begin_);
    while (at <= text.size()) {
        const auto match = pattern.find(text, at);
        if (!match) {
            break;
        }
        if (match->end > match->begin) {
            search.next = {begin_ + match->begin, begin_ + match->end};
            search.from = search.next->first;
            return;
        }
        at = match->end + 1;
    }
    search.looked = heard_;
    // What comes can only end a match that begins here.
    const std::uint64_t reach = pattern.fixed_size() > 0 ? pattern.fixed_size() - 1 : longest;
    search.from = std::max(search.from, heard_ - std::min(heard_, reach));
}

std::size_t StreamWatch::count(const profile::Rule& rule) {
    const auto [place, is_new] = searches_.try_emplace(rule.id);
    Searches& searches = place->second;
    if (is_new) {
        searches.from = news_;
        searches.of.resize(rule.on.size());
    }
    std::size_t found = 0;
    while (true) {
        const Search* first = nullptr;
        for (std::size_t i = 0; i < rule.on.size(); ++i) {
            const auto* on = std::get_if<profile::OnReceivedPattern>(&rule.on[i]);
            if (on == nullptr) {
                continue;
            }
            Search& search = searches.of[i];
            look(search, on->pattern, searches.from);
            if (search.next && (first == nullptr || search.next->first < first->next->first)) {
                first = &search;
            }
        }
        if (first == nullptr) {
            return found;
        }
        searches.from = first->next->second;
        ++found;
    }
}

void StreamWatch::forget() {
    if (kept_.size() <= 2 * longest) {
        return;
    }
    const std::size_t gone = kept_.size() - longest - 1;
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(gone));
    begin_ += gone;
}

std::size_t StreamWatch::held() const noexcept {
    std::size_t bytes = kept_.capacity();
    for (const auto& [rule, searches] : searches_) {
        bytes += sizeof(searches) + searches.of.capacity() * sizeof(Search);
    }
    return bytes;
}

}  // namespace ghostpeer::flows
