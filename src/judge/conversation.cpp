#include "judge/conversation.hpp"

#include "show/trace.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace ghostpeer::judge {

namespace {

constexpr std::size_t lines_before = 4;
constexpr std::size_t lines_after = 2;
constexpr std::size_t last_lines = 8;

template <typename Word>
bool fits(const std::optional<Word>& wanted, const std::optional<Word>& seen) {
    return seen && (!wanted || *wanted == *seen);
}

}  // namespace

void Conversation::record(const event::Event& event) {
    if (event.connection == 0) {
        return;
    }
    Line made{event.at, event.connection, {}, {}, {}, show::trace_line(event), false};
    if (made.text.empty()) {
        return;
    }
    made.text.pop_back();
    if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
        made.kind = segment->kind;
        made.reason = segment->reason;
    } else if (const auto* state = std::get_if<event::State>(&event.what)) {
        made.state = state->to;
    }
    if (first_.size() < kept_) {
        first_.push_back(std::move(made));
        return;
    }
    last_.push_back(std::move(made));
    if (last_.size() > kept_) {
        last_.pop_front();
        last_.front().follows_gap = true;
    }
}

void Conversation::forget_after(Instant at) {
    std::erase_if(first_, [at](const Line& line) { return line.at > at; });
    std::erase_if(last_, [at](const Line& line) { return line.at > at; });
}

const Conversation::Line& Conversation::line(std::size_t index) const {
    return index < first_.size() ? first_[index] : last_[index - first_.size()];
}

std::optional<std::size_t> Conversation::find(const Sighting& sighting,
                                              const std::vector<profile::Event>& events) const {
    const auto is_meant = [&](const Line& line) {
        return std::any_of(events.begin(), events.end(), [&](const profile::Event& event) {
            const auto* receive = std::get_if<profile::OnReceive>(&event);
            const auto* send = std::get_if<profile::OnSend>(&event);
            const auto* enter = std::get_if<profile::OnEnter>(&event);
            return (receive != nullptr && fits(receive->kind, line.kind)) ||
                   (send != nullptr && fits(send->reason, line.reason)) ||
                   (enter != nullptr && line.state == enter->state);
        });
    };
    // A segment on its way through `--rtt` is told when it leaves; other events have no line of
    // their own, so that the nearest one stands for them.
    std::optional<std::size_t> best;
    std::pair<bool, Duration> best_distance{true, Duration::max()};
    for (std::size_t i = 0; i < size(); ++i) {
        const Line& each = line(i);
        if (each.connection != sighting.connection) {
            continue;
        }
        const auto apart = each.at < sighting.at ? sighting.at - each.at : each.at - sighting.at;
        const std::pair distance{!is_meant(each), apart};
        constexpr Duration near = std::chrono::seconds(1);
        if (apart <= near && distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

std::vector<std::string> Conversation::around(
    const std::vector<Sighting>& marked, const std::vector<profile::Event>& events,
    const std::optional<std::set<event::ConnectionId>>& connections) const {
    std::map<std::size_t, bool> shown;  // index: is it marked?
    for (const Sighting& sighting : marked) {
        const auto found = find(sighting, events);
        if (!found) {
            continue;
        }
        const auto show_some = [&](std::size_t count, bool back) {
            for (std::size_t i = *found; count > 0 && (back ? i-- > 0 : ++i < size());) {
                if (line(i).connection == sighting.connection) {
                    shown.try_emplace(i, false);
                    --count;
                }
            }
        };
        shown[*found] = true;
        show_some(lines_before, true);
        show_some(lines_after, false);
    }
    if (shown.empty()) {
        for (std::size_t i = size(); i-- > 0 && shown.size() < last_lines;) {
            if (!connections || connections->contains(line(i).connection)) {
                shown.emplace(i, false);
            }
        }
    }
    std::vector<std::string> lines;
    std::size_t previous = 0;
    for (const auto& [index, is_marked] : shown) {
        if (!lines.empty() && (index != previous + 1 || line(index).follows_gap)) {
            lines.emplace_back("   …");
        }
        lines.push_back((is_marked ? "-> " : "   ") + line(index).text);
        previous = index;
    }
    return lines;
}

std::vector<std::string> Conversation::end_of(event::ConnectionId connection) const {
    std::vector<std::string> lines;
    for (std::size_t i = size(); i-- > 0 && lines.size() < last_lines;) {
        if (line(i).connection == connection) {
            lines.push_back("   " + line(i).text);
        }
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

}  // namespace ghostpeer::judge
