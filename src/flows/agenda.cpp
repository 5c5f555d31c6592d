#include "flows/agenda.hpp"

#include <algorithm>

namespace ghostpeer::flows {

Extras::Extras() = default;
Extras::~Extras() = default;

namespace {

constexpr auto later = [](const Appointment& a, const Appointment& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
};

constexpr Duration bucket_length = std::chrono::milliseconds(4);

[[nodiscard]] Instant bucket_of(Instant at) noexcept {
    return at - at.time_since_epoch() % bucket_length;
}

}  // namespace

void Agenda::add(Instant at, Handle connection, Task task) {
    ++size_;
    Appointment made{at, ++made_, connection, std::move(task)};
    if (at < near_end_) {
        near_.push_back(std::move(made));
        std::push_heap(near_.begin(), near_.end(), later);
        return;
    }
    far_[bucket_of(at)].push_back(std::move(made));
    refill();
}

void Agenda::refill() {
    if (!near_.empty() || far_.empty()) {
        return;
    }
    const auto earliest = far_.begin();
    near_.swap(earliest->second);
    near_end_ = earliest->first + bucket_length;
    far_.erase(earliest);
    std::make_heap(near_.begin(), near_.end(), later);
}

std::optional<Instant> Agenda::next() const noexcept {
    return near_.empty() ? std::nullopt : std::optional(near_.front().at);
}

std::optional<Appointment> Agenda::pop_due(Instant now) {
    if (near_.empty() || near_.front().at > now) {
        return std::nullopt;
    }
    std::pop_heap(near_.begin(), near_.end(), later);
    std::optional<Appointment> due = std::move(near_.back());
    near_.pop_back();
    --size_;
    refill();
    return due;
}

void Agenda::purge(const std::function<bool(const Appointment&)>& stale) {
    size_ -= std::erase_if(near_, stale);
    std::make_heap(near_.begin(), near_.end(), later);
    for (auto& [start, bucket] : far_) {
        size_ -= std::erase_if(bucket, stale);
    }
    std::erase_if(far_, [](const auto& bucket) { return bucket.second.empty(); });
    refill();
}

}  // namespace ghostpeer::flows
