#include "run/socket_sampler.hpp"

#include <algorithm>
#include <array>
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

[[nodiscard]] std::optional<tcp::State> to_state(std::string_view word) {
    using tcp::State;
    constexpr std::array<std::pair<std::string_view, State>, 9> states{
        {{"ESTAB", State::established},
         {"SYN-SENT", State::syn_sent},
         {"SYN-RECV", State::syn_received},
         {"FIN-WAIT-1", State::fin_wait_1},
         {"FIN-WAIT-2", State::fin_wait_2},
         {"TIME-WAIT", State::time_wait},
         {"CLOSE-WAIT", State::close_wait},
         {"LAST-ACK", State::last_ack},
         {"CLOSING", State::closing}}};
    for (const auto& [known, state] : states) {
        if (known == word) {
            return state;
        }
    }
    return std::nullopt;
}

[[nodiscard]] std::optional<peer::SocketView> to_view(const event::Socket& event, Instant now) {
    peer::SocketView view;
    view.flow = {event.dst, event.src};
    view.gone = event.state == event::gone;
    const auto state = to_state(view.gone ? event.last_state : event.state);
    if (!state) {
        return std::nullopt;
    }
    view.state = *state;
    view.last_seen = view.gone ? event.last_seen : now;
    view.aborts_before = event.aborts_before;
    view.aborts = event.aborts;
    if (view.gone) {
        view.due = event.due;
    } else if (event.timer != event::SocketTimer::none) {
        view.due = now + event.expires;
    }
    return view;
}

}  // namespace

SocketSampler::SocketSampler(std::unique_ptr<sockets::SocketWatcher> watcher, peer::Engine& engine,
                             loop::Sinks& sinks, Purpose purpose)
    : watcher_(std::move(watcher)), engine_(engine), sinks_(sinks), purpose_(purpose) {
    // Without it a socket that the program closes is missed at the next look.
    subscribed_ = watcher_->subscribe();
    if (watcher_->counts_aborts()) {
        engine_.count_aborts(aborts_);
    }
    if (steady()) {
        sample_at_ = run_start;
    }
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

bool SocketSampler::take_destroyed(const event::Socket& socket, Instant now) {
    engine_.on_destroyed({{socket.dst, socket.src}, socket.aborts, socket.retried}, now);
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
    for (const event::Socket& change : changes_) {
        if (change.state == event::destroyed) {
            curious = take_destroyed(change, now) || curious;
            continue;
        }
        if (purpose_.shown) {
            sinks_.record({now, 0, 0, change});
        }
        if (const auto view = to_view(change, now)) {
            engine_.on_socket(*view, now);
        }
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
    } else if (subscribed_ && !engine_.follows_sockets()) {
        watcher_->unsubscribe();
        subscribed_ = false;
    }
}

void SocketSampler::conclude(Instant now) {
    if (!engine_.has_attempts()) {
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
    if (const auto aborts = watcher_->aborts()) {
        engine_.count_aborts(*aborts);
    }
    if (watcher_->rounds() > before && !watcher_->overflowed()) {
        engine_.all_sockets_listed(now);
    }
}

}  // namespace ghostpeer::run
