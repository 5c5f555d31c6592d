#include "judge/witness.hpp"

#include "rules/condition.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace ghostpeer::judge {
namespace {

using profile::Expectation;
using profile::Form;
using profile::Range;

constexpr std::size_t max_sightings = 32;
constexpr std::size_t max_nearest = 4;
constexpr std::size_t max_otherwise = 16;
constexpr std::size_t max_destinations = 4096;

[[nodiscard]] std::uint64_t nanoseconds(Duration time) noexcept {
    return static_cast<std::uint64_t>(std::max<Duration::rep>(time.count(), 0));
}

/// No time in a run is longer (292 years).
[[nodiscard]] Duration span_of(std::uint64_t nanoseconds) noexcept {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max());
    return Duration(static_cast<Duration::rep>(std::min(nanoseconds, most)));
}

[[nodiscard]] std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept {
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/// What may follow a gap. Jitter has changed that one, too: it was meant to be shorter or longer.
[[nodiscard]] Range grown(const profile::Apart& apart, Duration gap) noexcept {
    const auto bound = [&](std::uint64_t factor, double jitter) {
        constexpr double unbounded = 1.8e19;  // below 2^64
        double meant = unbounded;
        if (factor != UINT64_MAX && jitter > -1) {
            meant = static_cast<double>(nanoseconds(gap)) / (1 + jitter) *
                    (static_cast<double>(factor) / 1e6);
        }
        if (apart.up_to) {
            meant = std::min(meant, static_cast<double>(nanoseconds(*apart.up_to)));
        }
        const double wanted = meant * (1 - jitter);
        return wanted >= unbounded ? UINT64_MAX : static_cast<std::uint64_t>(wanted);
    };
    return {bound(apart.growth->least, apart.jitter), bound(apart.growth->most, -apart.jitter)};
}

/// May not be seen at all.
[[nodiscard]] bool forbids(const Expectation& expectation) noexcept {
    return expectation.form == Form::never || (expectation.times && expectation.times->most == 0);
}

}  // namespace

Witness::Witness(std::shared_ptr<const profile::Profile> expecting, bool virtual_time)
    : profile_(std::move(expecting)),
      virtual_time_(virtual_time),
      records_(profile_->expect.size()) {
    const profile::Profile& profile = *profile_;
    for (const bool reference : {false, true}) {
        // What `within` counts from is an earlier occasion than the sighting itself.
        for (std::size_t i = 0; i < profile.expect.size(); ++i) {
            const Expectation& expectation = profile.expect[i];
            if (reference && expectation.within) {
                add(expectation.within->of, {i, true});
            } else if (!reference) {
                for (const auto& event : expectation.events) {
                    add(event, {i, false});
                }
            }
        }
    }
    for (std::size_t i = 0; i < profile.expect.size(); ++i) {
        if (profile.expect[i].form == Form::attempts) {
            attempts_.push_back(i);
        } else if (profile.expect[i].form == Form::outcome) {
            expects_outcomes_ = true;
        }
    }
}

void Witness::add(const profile::Event& event, Lead lead) {
    const auto put = [&](auto& lists, const auto& word) {
        for (std::size_t i = 0; i < lists.size(); ++i) {
            // An event that stands beside `any` is one sighting all the same.
            const bool known =
                std::any_of(lists[i].begin(), lists[i].end(), [&](const Lead& other) {
                    return other.expectation == lead.expectation &&
                           other.reference == lead.reference;
                });
            if (!known && (!word || static_cast<std::size_t>(*word) == i)) {
                lists[i].push_back(lead);
            }
        }
    };
    if (const auto* receive = std::get_if<profile::OnReceive>(&event)) {
        put(on_receive_, receive->kind);
        if (!receive->kind || *receive->kind == tcp::Kind::data ||
            *receive->kind == tcp::Kind::fin) {
            put(on_receive_last_data_, std::optional<tcp::Kind>());
        }
    } else if (const auto* send = std::get_if<profile::OnSend>(&event)) {
        put(on_send_, send->reason);
    } else if (const auto* enter = std::get_if<profile::OnEnter>(&event)) {
        put(on_enter_, std::optional(enter->state));
    } else if (std::holds_alternative<profile::OnStart>(event)) {
        on_start_.push_back(lead);
    } else if (std::holds_alternative<profile::OnRepeatedRequest>(event)) {
        on_repeat_.push_back(lead);
    } else if (const auto* received = std::get_if<profile::OnReceived>(&event)) {
        totals_.push_back({received->bytes, false, lead});
    } else if (const auto* sent = std::get_if<profile::OnSent>(&event)) {
        totals_.push_back({sent->bytes, true, lead});
    } else if (const auto* idle = std::get_if<profile::OnIdle>(&event)) {
        idles_.push_back({idle->length, lead});
    } else if (const auto* command = std::get_if<profile::OnCommand>(&event)) {
        on_command_.emplace_back(command->name, lead);
    }
}

Witness::Leads Witness::of_command(std::string_view name) const {
    Leads leads;
    for (const auto& [command, lead] : on_command_) {
        if (command == name) {
            leads.push_back(lead);
        }
    }
    return leads;
}

// Times ------------------------------------------------------------------------------------------

Duration Witness::tolerance(const Expectation& expectation, Duration time) const {
    const auto share_of = [&](double share) {
        return Duration(static_cast<Duration::rep>(static_cast<double>(time.count()) * share));
    };
    if (expectation.tolerance.time) {
        return *expectation.tolerance.time;
    }
    if (expectation.tolerance.share) {
        return share_of(*expectation.tolerance.share);
    }
    // What the kernel's timer wheel rounds up, at most (kernel/time/timer.c), and two ticks; and
    // where time is real, what a busy machine adds.
    constexpr Duration least = std::chrono::milliseconds(20);
    constexpr double wheel = 0.125;
    constexpr double busy = 0.15;
    return std::max(least, share_of(virtual_time_ ? wheel : busy));
}

Range Witness::widened(const Expectation& expectation, Range range) const {
    const auto below = nanoseconds(tolerance(expectation, span_of(range.least)));
    range.least -= std::min(range.least, below);
    if (range.most != UINT64_MAX) {
        range.most = sum(range.most, nanoseconds(tolerance(expectation, span_of(range.most))));
    }
    return range;
}

bool Witness::in_time(const Expectation& expectation, const std::optional<Instant>& reference,
                      Instant at) const {
    if (!reference) {
        return false;
    }
    Range range = expectation.within->time;
    if (!forbids(expectation)) {
        range = widened(expectation, range);
    } else {
        // In doubt for the program: what came at the edge need not have come.
        if (range.least > 0) {
            range.least =
                sum(range.least, nanoseconds(tolerance(expectation, span_of(range.least))));
        }
        if (range.most != UINT64_MAX) {
            range.most -=
                std::min(range.most, nanoseconds(tolerance(expectation, span_of(range.most))));
        }
    }
    return range.contains(nanoseconds(at - *reference));
}

void Witness::check_gap(const Expectation& expectation, const Watched& watched,
                        const Sighting& sighting, Record& record) const {
    if (!expectation.apart || watched.count == 0) {
        return;
    }
    ExpectationResult& result = record.result;
    ++record.gaps;
    record.growths += watched.count > 1 ? 1 : 0;
    const profile::Apart& apart = *expectation.apart;
    const Duration gap = sighting.at - watched.last.at;
    const std::uint64_t number = watched.count;
    const auto check = [&](const Range& wanted, std::optional<Duration> previous) {
        const Range allowed = widened(expectation, wanted);
        if (!result.gap && !allowed.contains(nanoseconds(gap))) {
            result.gap = WrongGap{watched.last, sighting, number, allowed, previous};
        }
    };
    check(apart.gap, {});
    if (number <= apart.steps.size()) {
        check(apart.steps[number - 1], {});
    }
    if (apart.growth && number > 1) {
        check(grown(apart, watched.last_gap), watched.last_gap);
    }
}

/// Neighbours are of one connection, or one address and port, but all are counted together.
bool Witness::unmeasured(std::size_t expectation) const {
    const auto& apart = profile_->expect[expectation].apart;
    const Record& record = records_[expectation];
    if (!apart) {
        return false;
    }
    const std::uint64_t neighbours = apart->growth ? 3 : 2;
    return record.result.seen >= neighbours && (apart->growth ? record.growths : record.gaps) == 0;
}

// Sightings --------------------------------------------------------------------------------------

void Witness::count(std::size_t expectation, Watched& watched, const Sighting& sighting) {
    ExpectationResult& result = records_[expectation].result;
    ++result.seen;
    if (result.sightings.size() < max_sightings) {
        result.sightings.push_back(sighting);
    }
    check_gap(profile_->expect[expectation], watched, sighting, records_[expectation]);
    watched.last_gap = watched.count > 0 ? sighting.at - watched.last.at : Duration::zero();
    watched.last = sighting;
    ++watched.count;
}

void Witness::saw(const Lead& lead, ConnectionWatch& watch, const Sighting& sighting) {
    watch.watched.resize(records_.size());
    Watched& watched = watch.watched[lead.expectation];
    const Expectation& expectation = profile_->expect[lead.expectation];
    if (lead.reference) {
        ++records_[lead.expectation].result.references;
        if (!watched.reference || !expectation.within->of_first) {
            watched.reference = sighting.at;
        }
        return;
    }
    if (expectation.within && !in_time(expectation, watched.reference, sighting.at)) {
        ExpectationResult& result = records_[lead.expectation].result;
        ++result.left_out;
        if (result.nearest.size() < max_nearest) {
            result.nearest.push_back(sighting);
        }
        return;
    }
    count(lead.expectation, watched, sighting);
}

void Witness::saw_attempt(const event::Start& start, const Sighting& sighting) {
    const wire::Endpoint& destination = start.dialled ? start.flow.remote : start.flow.local;
    for (const std::size_t expectation : attempts_) {
        const auto& port = profile_->expect[expectation].when.port;
        if ((port && !port->contains(destination.port)) ||
            !rules::address_holds(profile_->expect[expectation].when, start.flow.local.address)) {
            ++records_[expectation].failed_when;
            continue;
        }
        // All expectations of attempts look at the same times, but for the ports that they leave
        // out as a whole.
        Watched one;
        const auto known = destinations_.find(destination);
        if (known != destinations_.end()) {
            one = known->second;
        }
        count(expectation, one, sighting);
    }
    if (attempts_.empty()) {
        return;
    }
    const auto known = destinations_.find(destination);
    if (known != destinations_.end()) {
        Watched& watched = known.value();
        watched.last_gap = sighting.at - watched.last.at;
        watched.last = sighting;
        ++watched.count;
    } else if (destinations_.size() < max_destinations) {
        destinations_.insert({destination, Watched{{}, sighting, {}, 1}});
    }
}

// Results ----------------------------------------------------------------------------------------

const profile::Within* Witness::timed_outcome(const Lead& lead) const noexcept {
    const Expectation& expectation = profile_->expect[lead.expectation];
    return expectation.form == Form::outcome && expectation.within ? &*expectation.within : nullptr;
}

void Witness::judge_end(std::size_t index, const OutcomeRecord& record, const ProgramEnd& end,
                        ExpectationResult& result) const {
    const Expectation& expectation = profile_->expect[index];
    const auto& wanted = expectation.outcomes;
    ConnectionOutcome otherwise{record.connection, record.attempt, end, std::nullopt, false};
    if (std::find(wanted.begin(), wanted.end(), end.outcome) != wanted.end()) {
        if (!expectation.within) {
            ++result.seen;
            return;
        }
        const auto reference = record.reference(index);
        if (reference && end.at) {
            otherwise.after = std::max(*end.at - *reference, Duration::zero());
        }
        if (end.at && in_time(expectation, reference, *end.at)) {
            ++result.seen;
            return;
        }
        otherwise.untimely = true;
    }
    if (result.otherwise.size() < max_otherwise) {
        result.otherwise.push_back(otherwise);
    }
}

void Witness::judge_outcome(std::size_t index, const Ends& ends, ExpectationResult& result) const {
    const Expectation& expectation = profile_->expect[index];
    for (std::size_t i = 0; i < ends.records.size(); ++i) {
        const OutcomeRecord& record = ends.records[i];
        if (record.witness != this) {
            continue;
        }
        if (!rules::is_meant(expectation.when, record.attempt, record.flow.local)) {
            ++result.failed_when;
            continue;
        }
        ++result.looked_at;
        judge_end(index, record, ends.ends[i], result);
    }
    result.pass = expectation.times ? expectation.times->contains(result.seen)
                                    : result.seen > 0 && result.seen == result.looked_at;
}

ExpectationResult Witness::result(std::size_t expectation, const Ends& ends) const {
    const Expectation& wanted = profile_->expect[expectation];
    ExpectationResult result = records_[expectation].result;
    result.failed_when = records_[expectation].failed_when;
    result.closest = rules::describe(records_[expectation].near_miss);
    if (wanted.form == Form::outcome) {
        judge_outcome(expectation, ends, result);
        return result;
    }
    if (wanted.form == Form::command) {
        result.pass = true;  // who runs COMMAND judges it
        return result;
    }
    const Range times =
        wanted.form == Form::never ? Range{0, 0} : wanted.times.value_or(Range{1, UINT64_MAX});
    result.unmeasured = unmeasured(expectation);
    result.pass = times.contains(result.seen) && !result.gap && !result.unmeasured;
    return result;
}

std::vector<ExpectationResult> Witness::results(const Ends& ends) const {
    std::vector<ExpectationResult> all;
    all.reserve(records_.size());
    for (std::size_t i = 0; i < records_.size(); ++i) {
        all.push_back(result(i, ends));
    }
    return all;
}

}  // namespace ghostpeer::judge
