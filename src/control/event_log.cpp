#include "control/event_log.hpp"

#include <algorithm>

namespace ghostpeer::control {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t part_bytes = 64 * 1024;
constexpr auto farewell = 200ms;

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

void EventLog::announce() { grown_.notify_all(); }

void EventLog::close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    grown_.notify_all();
    left_.wait_for(lock, farewell, [this] { return readers_ == 0; });
}

std::uint64_t EventLog::newest() const {
    const std::lock_guard lock(mutex_);
    return oldest_ + lines_.size() - 1;
}

EventLog::Part EventLog::read(std::uint64_t after, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    const auto newest = [this] { return oldest_ + lines_.size() - 1; };
    grown_.wait_for(lock, patience, [&] { return closed_ || newest() > after; });
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
    return part;
}

void EventLog::come() {
    const std::lock_guard lock(mutex_);
    ++readers_;
}

void EventLog::go() {
    const std::lock_guard lock(mutex_);
    --readers_;
    left_.notify_all();
}

}  // namespace ghostpeer::control
