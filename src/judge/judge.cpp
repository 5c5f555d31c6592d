#include "judge/judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace ghostpeer::judge {
namespace {

// More than a live run tells.
constexpr std::size_t max_profiles = 10'000;
constexpr std::size_t max_attempts = 10'000;
constexpr std::size_t max_surprises = 100;
constexpr std::size_t max_apart = 1'000'000;

[[nodiscard]] bool asks_outcomes(const profile::Profile& profile) {
    return std::any_of(profile.expect.begin(), profile.expect.end(), [](const auto& expectation) {
        return expectation.form == profile::Form::outcome;
    });
}

[[nodiscard]] bool is_told_once(const event::Event& event) noexcept {
    return std::holds_alternative<std::shared_ptr<const event::Run>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Profile>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::AttemptRecord>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Tally>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Counters>>(event.what);
}

}  // namespace

void Judge::record(const event::Event& event) {
    if (conversation_ && !is_told_once(event)) {
        conversation_->record(event);
    }
    if (const auto* socket = std::get_if<event::Socket>(&event.what)) {
        take_socket(*socket, event.at);
    } else if (const auto* sockets = std::get_if<event::Sockets>(&event.what)) {
        if (!concluded_) {
            follower_.outcomes().count_aborts(sockets->aborts);
            if (sockets->complete) {
                follower_.outcomes().complete(event.at);
            }
        }
    } else if (const auto* notice = std::get_if<event::Notice>(&event.what)) {
        const bool apart = event.connection != 0 && connections_apart_.contains(event.connection);
        if (notice->what == "unexpected-input" && !apart && surprises_.size() < max_surprises) {
            surprises_.push_back(notice->text);
        }
        if (notice->what == "scope-failed" && failed_scopes_.size() < max_surprises) {
            failed_scopes_.push_back(notice->text);
        }
        const bool failed = notice->what == "process-failed" || notice->what == "server-ended";
        if (failed && casualties_.size() < max_surprises) {
            casualties_.push_back(notice->text);
        }
        follower_.record(event);
    } else if (const auto* exit = std::get_if<event::Exit>(&event.what)) {
        command_ = *exit;
    } else if (const auto* run = std::get_if<std::shared_ptr<const event::Run>>(&event.what)) {
        run_ = **run;
        follower_.begin(run_);
    } else if (const auto* profile =
                   std::get_if<std::shared_ptr<const event::Profile>>(&event.what)) {
        take(**profile);
    } else if (const auto* attempt =
                   std::get_if<std::shared_ptr<const event::AttemptRecord>>(&event.what)) {
        if (attempts_.size() < max_attempts) {
            attempts_.push_back(**attempt);
        }
    } else if (const auto* tally = std::get_if<std::shared_ptr<const event::Tally>>(&event.what)) {
        take_tally(**tally);
    } else if (const auto* counters =
                   std::get_if<std::shared_ptr<const event::Counters>>(&event.what)) {
        counters_ = **counters;
    } else if (const auto* end = std::get_if<std::shared_ptr<const event::End>>(&event.what)) {
        take_end(*end, event.at);
    } else {
        const auto* start = std::get_if<event::Start>(&event.what);
        if (start != nullptr && profiles_apart_.contains(start->profile) &&
            connections_apart_.size() < max_apart) {
            connections_apart_.insert(event.connection);
        }
        if (std::holds_alternative<event::Conclusion>(event.what) && !concluded_) {
            concluded_ = event.at;
        }
        follower_.record(event);
    }
}

void Judge::take(const event::Profile& profile) {
    if (!profile.profile) {
        return;
    }
    if (!profile.scope.empty()) {
        if (profiles_apart_.size() < max_apart) {
            profiles_apart_.insert(profile.number);
        }
        asked_apart_ = asked_apart_ || asks_outcomes(*profile.profile);
        return;
    }
    if (profiles_.size() >= max_profiles) {
        ++unjudged_profiles_;
        return;
    }
    profiles_.push_back(profile);
    // Attempts with behaviour of their own are looked at by those whose attempts they are.
    if (!profile.part && !profile.profile->expect.empty()) {
        follower_.add(profile.number, profile.profile);
        if (!conversation_) {
            conversation_.emplace();
        }
    }
}

void Judge::take_tally(event::Tally tally) {
    const auto profile = std::find_if(profiles_.begin(), profiles_.end(),
                                      [&](const auto& one) { return one.number == tally.profile; });
    if (profile == profiles_.end() || tallies_.size() >= max_profiles) {
        return;
    }
    // A record that was not written by a run may tell of any number.
    tally.rules.resize(profile->profile->rules.size());
    tallies_.push_back(std::move(tally));
}

void Judge::take_socket(const event::Socket& socket, Instant at) {
    if (concluded_) {
        return;
    }
    if (socket.state == event::destroyed) {
        follower_.outcomes().on_destroyed({{socket.dst, socket.src}, socket.aborts, socket.retried},
                                          at);
    } else if (const auto view = to_view(socket, at)) {
        follower_.outcomes().on_socket(*view, at);
    }
}

void Judge::take_end(std::shared_ptr<const event::End> end, Instant at) {
    end_ = std::move(end);
    length_ = at - run_start;
    follower_.finish();
    for (const event::AttemptRecord& attempt : attempts_) {
        if (attempt.trail) {
            follower_.outcomes().take(attempt.connection, *attempt.trail);
        }
    }
    if (conversation_ && concluded_) {
        conversation_->forget_after(*concluded_);
    }
}

RunSummary Judge::summary() const {
    RunSummary run;
    if (end_) {
        static_cast<event::End&>(run) = *end_;
    }
    run.command = command_;
    run.timeout = run_.timeout;
    run.wall_timeout = run_.wall_timeout;
    run.expected_status = run_.expected_status;
    run.require_fault = run_.require_fault;
    run.served = run_.served;
    run.seed = run_.seed;
    run.kernel = run_.virtual_time ? run_.kernel : std::string();
    run.counters = counters_;
    run.unrecorded_attempts = counters_.unrecorded_attempts;
    run.length = length_;
    run.surprises = surprises_;
    run.casualties = casualties_;
    run.failed_scopes = failed_scopes_;

    const auto& records = follower_.outcomes().all();
    const auto ends = follower_.outcomes().judge(follower_.expects_outcomes());
    std::unordered_map<event::ConnectionId, std::size_t> end_of;
    for (std::size_t i = 0; i < records.size(); ++i) {
        end_of.insert_or_assign(records[i].connection, i);
    }
    for (const event::AttemptRecord& record : attempts_) {
        Attempt attempt;
        static_cast<event::AttemptRecord&>(attempt) = record;
        if (const auto found = end_of.find(record.connection); found != end_of.end()) {
            const ProgramEnd& end = ends[found->second];
            attempt.program = end;
            attempt.ended = end.outcome == profile::Outcome::open ? concluded_ : end.at;
        }
        run.attempts.push_back(attempt);
    }
    for (const event::Tally& tally : tallies_) {
        const auto profile = std::find_if(profiles_.begin(), profiles_.end(), [&](const auto& one) {
            return one.number == tally.profile;
        });
        if (profile == profiles_.end()) {
            continue;
        }
        ProfileStatistics one;
        one.profile = profile->profile;
        one.number = tally.profile;
        one.rules = tally.rules;
        one.connections = tally.connections;
        one.traffic = tally.traffic;
        if (const Witness* witness = follower_.witness(tally.profile)) {
            one.expectations = witness->results({records, ends});
        }
        run.profiles.push_back(std::move(one));
    }
    return run;
}

event::Verdict Judge::verdict_of(RunSummary run) const {
    if (unjudged_profiles_ > 0) {
        run.lost.push_back({fmt::format("{} of the profiles given while the run went on were not "
                                        "judged: {} of a run are. Begin a new run before.",
                                        unjudged_profiles_, max_profiles),
                            true});
    }
    return make_verdict(run, conversation_ ? &*conversation_ : nullptr);
}

event::Verdict Judge::verdict() const { return verdict_of(summary()); }

event::Verdict Judge::verdict(std::vector<event::Loss> lost) const {
    RunSummary run = summary();
    run.lost = std::move(lost);
    return verdict_of(std::move(run));
}

}  // namespace ghostpeer::judge
