#include "run/socket_sampler.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::run {
namespace {

using namespace std::chrono_literals;

constexpr Duration shown_interval = 100ms;
/// Where an outcome is asked for: a socket that lives for less may be missed, and is then told from
/// the segments alone.
constexpr Duration outcome_interval = 20ms;
/// The kernel's timers are late, never early.
constexpr Duration after_due = 3ms;

/// The longer nothing has happened, the rarer a look at the sockets: hours of virtual time would
/// else be spent with looking.
[[nodiscard]] Duration next_sample(Duration quiet) {
    constexpr Duration longest = 1min;
    constexpr int share = 32;
    return std::clamp(quiet / share, shown_interval, longest);
}

}  // namespace

SocketSampler::SocketSampler(std::unique_ptr<sockets::SocketWatcher> watcher,
                             const judge::Judge& judge, loop::Sinks& sinks, Purpose purpose)
    : watcher_(std::move(watcher)), judge_(judge), sinks_(sinks), purpose_(purpose) {
    // Without it a socket that the program closes is missed at the next look.
    subscribed_ = watcher_->subscribe();
    if (watcher_->counts_aborts()) {
        sinks_.record({run_start, 0, 0, event::Sockets{false, aborts_}});
    }
    if (steady()) {
        sample_at_ = run_start;
    }
}

bool SocketSampler::ask_outcomes(Instant now) {
    if (std::exchange(purpose_.outcomes, true)) {
        return false;
    }
    if (!subscribed_) {
        subscribed_ = watcher_->subscribe();
    }
    sample_at_ = std::min(sample_at_.value_or(now), now);
    return true;
}

void SocketSampler::look(Instant now) { watcher_->request(now); }

void SocketSampler::schedule(Instant now) {
    const Duration quiet = now - news_at_;
    Instant next = now + next_sample(quiet);
    if (purpose_.outcomes) {
        if (const auto due = watcher_->next_due()) {
            // A timer that is due and late is waited for in ever longer steps.
            constexpr int share = 64;
            next = std::min(next, std::max(*due, now + quiet / share) + after_due);
        }
    }
    sample_at_ = next;
}

bool SocketSampler::attend(Instant now) {
    if (sample_at_ && *sample_at_ <= now) {
        look(now);
        schedule(now);
    } else {
        answered(now);
    }
    return true;
}

void SocketSampler::packets_came(Instant now) {
    news_at_ = now;
    const Duration interval = purpose_.outcomes ? outcome_interval : shown_interval;
    // After a rest the first packet may be all that a short connection shows.
    const bool rested = now - roused_at_ >= interval;
    if (rested) {
        roused_at_ = now;
    }
    sample_at_ = std::min(*sample_at_, rested ? now + 1ms : now + interval);
}

bool SocketSampler::take_destroyed(const event::Socket& socket) {
    // The kernel may have given up others, which somebody still holds.
    const bool more_aborts = socket.aborts.value_or(0) > aborts_;
    aborts_ = std::max(aborts_, socket.aborts.value_or(0));
    return purpose_.outcomes || more_aborts;
}

bool SocketSampler::take_changes(Instant now) {
    watcher_->read(now, changes_);
    if (!changes_.empty()) {
        news_at_ = now;
    }
    bool curious = false;
    for (event::Socket& change : changes_) {
        const bool destroyed = change.state == event::destroyed;
        if (destroyed) {
            curious = take_destroyed(change) || curious;
        }
        change.shown = purpose_.shown && !destroyed;
        sinks_.record({now, 0, 0, change});
    }
    changes_.clear();
    if (auto notice = watcher_->take_notice(); notice && steady()) {
        sinks_.notice(now, "limit", std::move(*notice));
    }
    return curious;
}

void SocketSampler::answered(Instant now) {
    curious_ = take_changes(now) || curious_;
    if (watcher_->asking()) {
        return;
    }
    if (std::exchange(curious_, false)) {
        look(now);
    }
    if (steady()) {
        schedule(now);
    } else if (subscribed_ && !judge_.follows_sockets()) {
        watcher_->unsubscribe();
        subscribed_ = false;
    }
}

void SocketSampler::conclude(Instant now) {
    if (!judge_.has_attempts()) {
        return;
    }
    // The kernel makes its answer while it is read, so that there is always something to read
    // until it is complete.
    constexpr int most_reads = 1000;
    const auto read_all = [&] {
        for (int i = 0; i < most_reads && watcher_->asking(); ++i) {
            static_cast<void>(take_changes(now));
        }
    };
    read_all();
    const auto before = watcher_->rounds();
    look(now);
    read_all();
    const bool complete = watcher_->rounds() > before && !watcher_->overflowed();
    const auto aborts = watcher_->aborts();
    if (complete || aborts) {
        sinks_.record({now, 0, 0, event::Sockets{complete, aborts}});
    }
}

}  // namespace ghostpeer::run
