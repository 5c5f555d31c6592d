#include "control/event_log.hpp"

#include <algorithm>

namespace ghostpeer::control {
namespace {

constexpr std::size_t part_bytes = 64 * 1024;

}  // namespace

void EventLog::add(std::string_view line) {
    if (!line.empty() && line.back() == '\n') {
        line.remove_suffix(1);
    }
    const std::lock_guard lock(mutex_);
    bytes_ += line.size();
    lines_.emplace_back(line);
    while (lines_.size() > most_events || bytes_ > most_bytes) {
        bytes_ -= lines_.front().size();
        lines_.pop_front();
        ++oldest_;
    }
}

void EventLog::announce() {
    if (somebody_waits_.exchange(false) && tell_) {
        tell_();
    }
}

void EventLog::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    announce();
}

std::uint64_t EventLog::newest() const {
    const std::lock_guard lock(mutex_);
    return oldest_ + lines_.size() - 1;
}

EventLog::Part EventLog::read(std::uint64_t after) {
    const std::lock_guard lock(mutex_);
    const auto newest = [this] { return oldest_ + lines_.size() - 1; };
    Part part;
    // An id of another run may be larger than any of this one.
    std::uint64_t next = std::min(after, newest()) + 1;
    if (next < oldest_) {
        part.lost = oldest_ - next;
        next = oldest_;
    }
    part.first = next;
    std::size_t bytes = 0;
    for (; next <= newest() && bytes < part_bytes; ++next) {
        part.lines.push_back(lines_[static_cast<std::size_t>(next - oldest_)]);
        bytes += part.lines.back().size();
    }
    part.end = closed_ && next > newest();
    // Set while nothing can be added, so that what is added next is announced.
    if (next > newest()) {
        somebody_waits_ = true;
    }
    return part;
}

}  // namespace ghostpeer::control
