#include "process/polling.hpp"

#include "process/activity.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace ghostpeer::process {
namespace {

constexpr int looks = 6;
/// Who wakes up less often costs nothing until the run's time is over.
constexpr Duration slowest = std::chrono::seconds(10);

}  // namespace

Polling::Polling(Duration limit, Instant begin)
    : limit_(limit), between_(limit / looks), next_(begin + between_), since_(begin) {}

bool Polling::only_polls(const View& now) const {
    const std::uint64_t probes = now.traffic.probes - last_.traffic.probes;
    const std::uint64_t answers = now.traffic.answers - last_.traffic.answers;
    const bool all_answered = probes <= answers + 1 && answers <= probes + 1;
    const auto least = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(between_ / slowest));
    // Of a thread that has ended no sleep counts any more.
    const bool is_awake = now.slept >= last_.slept + least;
    if (now.traffic.peer_is_due || now.traffic.news != last_.traffic.news || !all_answered ||
        !is_awake || now.processes.empty() || now.processes != last_.processes) {
        return false;
    }
    // A probe that has not been answered once may be the one that ends it.
    const auto timers = socket_timers(now.processes.front());
    return !timers.others && (!timers.any || answers > 0);
}

bool Polling::look(Instant now, const Traffic& traffic, const std::vector<pid_t>& processes) {
    View view{traffic, times_slept(processes), processes};
    if (!only_polls(view)) {
        since_ = now;
    }
    last_ = std::move(view);
    next_ = now + between_;
    return now - since_ >= limit_;
}

}  // namespace ghostpeer::process
