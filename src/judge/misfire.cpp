#include "judge/misfire.hpp"

#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace ghostpeer::judge {

namespace {

template <typename Name, typename Counts>
std::string list_counts(const Counts& counts) {
    std::string list;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts.at(i) > 0) {
            list += fmt::format("{}{} {}", list.empty() ? "" : ", ", counts.at(i),
                                tcp::name(static_cast<Name>(i)));
        }
    }
    return list;
}

std::string arrived(const event::Traffic& traffic) {
    const auto list = list_counts<tcp::Kind>(traffic.kinds);
    return list.empty() ? "Nothing arrived" : "What arrived: " + list;
}

std::string sent(const event::Traffic& traffic) {
    const auto list = list_counts<tcp::Reason>(traffic.reasons);
    return list.empty() ? "The peer sent nothing" : "What the peer sent: " + list;
}

template <typename Event>
bool any(const std::vector<profile::Event>& events) {
    return std::any_of(events.begin(), events.end(), [](const profile::Event& event) {
        return std::holds_alternative<Event>(event);
    });
}

/// What the connections of some profiles showed.
struct Scene {
    std::vector<std::uint32_t> profiles;  ///< by their numbers
    event::Traffic traffic;
    std::uint64_t connections = 0;

    [[nodiscard]] bool has(std::uint32_t profile) const {
        return std::find(profiles.begin(), profiles.end(), profile) != profiles.end();
    }
    void add(const ProfileStatistics& one) {
        profiles.push_back(one.number);
        connections += one.connections;
        for (std::size_t i = 0; i < traffic.kinds.size(); ++i) {
            traffic.kinds.at(i) += one.traffic.kinds.at(i);
        }
        for (std::size_t i = 0; i < traffic.reasons.size(); ++i) {
            traffic.reasons.at(i) += one.traffic.reasons.at(i);
        }
    }
    [[nodiscard]] std::uint64_t most(const RunSummary& run, std::uint64_t Attempt::*bytes) const {
        std::uint64_t most = 0;
        for (const auto& attempt : run.attempts) {
            if (has(attempt.profile)) {
                most = std::max(most, attempt.*bytes);
            }
        }
        return most;
    }
};

/// The profile, and its attempts that have behaviour of their own.
void add_family(Scene& scene, const ProfileStatistics& profile, const RunSummary& run) {
    scene.add(profile);
    for (const auto& attempt : profile.profile->attempts) {
        const auto own =
            std::find_if(run.profiles.begin(), run.profiles.end(),
                         [&](const auto& one) { return one.profile == attempt.profile; });
        if (own != run.profiles.end() && !scene.has(own->number)) {
            scene.add(*own);
        }
    }
}

/// None of the events came up: what came instead.
std::string describe_instead(const std::vector<profile::Event>& events, const Scene& scene,
                             const RunSummary& run) {
    std::string text;
    const auto add = [&](const std::string& sentence) {
        text += (text.empty() ? "" : " ") + sentence + ".";
    };
    if (any<profile::OnReceive>(events)) {
        add(arrived(scene.traffic));
    }
    if (any<profile::OnSend>(events)) {
        add(sent(scene.traffic));
    }
    if (any<profile::OnReceived>(events)) {
        add(fmt::format("The most that a connection brought was {}",
                        event::count(scene.most(run, &Attempt::received), "byte")));
    }
    if (any<profile::OnSent>(events)) {
        add(fmt::format("The most that the program acknowledged was {}",
                        event::count(scene.most(run, &Attempt::sent), "byte")));
    }
    if (any<profile::OnIdle>(events)) {
        add(fmt::format("The run lasted {}", event::format_length(run.length)));
    }
    return text;
}

/// `3`, `1-2`, `4+`, as a profile has it.
std::string entry_text(const profile::Range& attempts) {
    if (attempts.least == attempts.most) {
        return std::to_string(attempts.least);
    }
    return attempts.most == UINT64_MAX ? fmt::format("{}+", attempts.least)
                                       : fmt::format("{}-{}", attempts.least, attempts.most);
}

/// It is for attempts that another profile names, and there were not so many; else empty.
std::string describe_missing_attempts(const ProfileStatistics& profile, const RunSummary& run) {
    for (const auto& whole : run.profiles) {
        for (const auto& entry : whole.profile->attempts) {
            if (entry.profile != profile.profile) {
                continue;
            }
            Scene scene;
            add_family(scene, whole, run);
            std::uint64_t most = 0;
            for (const auto& attempt : run.attempts) {
                most = scene.has(attempt.profile) ? std::max<std::uint64_t>(most, attempt.number)
                                                  : most;
            }
            if (most > 0 && most < entry.attempts.least) {
                return fmt::format("It is of `attempts: {}`, and {} came.",
                                   entry_text(entry.attempts),
                                   most == 1 ? "only one" : fmt::format("no more than {}", most));
            }
        }
    }
    return {};
}

/// Where no connection reached the profile at all; else empty.
std::string describe_no_connection(const ProfileStatistics& profile, const RunSummary& run) {
    // Attempts that have behaviour of their own are counted there.
    Scene scene;
    add_family(scene, profile, run);
    if (scene.connections > 0) {
        return {};
    }
    if (auto missing = describe_missing_attempts(profile, run); !missing.empty()) {
        return missing;
    }
    return run.attempts.empty() ? std::string(no_connection(run))
                                : fmt::format("No connection reached a peer with the profile {}.",
                                              event::printable(profile.profile->name));
}

std::string moment(Instant at) { return fmt::format("{:.3f} s", to_seconds(at)); }

/// The filters let it through, but what the rule says was not done.
std::string describe_undone(const event::RuleStatistics& seen, const RunSummary& run) {
    if (seen.missed) {
        const event::Missed& missed = *seen.missed;
        const auto over = missed.ended
                              ? fmt::format("the connection ended at {}", moment(*missed.ended))
                              : std::string("the connection was over");
        if (missed.due) {
            return fmt::format("`{}` was due at {}; {}", missed.action, moment(*missed.due), over);
        }
        if (missed.ended) {
            return fmt::format("there was no connection for `{}`: it ended at {}", missed.action,
                               moment(*missed.ended));
        }
        return missed.action == "say" ? std::string("what it was to `say` never left")
                                      : fmt::format("`{}` could do nothing", missed.action);
    }
    return seen.due ? fmt::format("it was due at {}; the run ended at {}", moment(*seen.due),
                                  moment(run_start + run.length))
                    : std::string("what it says was still waiting for its turn");
}

/// Its command was fired, but no connection heard it; else empty.
std::string describe_unheard(const profile::Rule& rule, const event::RuleStatistics& seen) {
    if (!seen.unheard) {
        return {};
    }
    const auto command =
        std::find_if(rule.on.begin(), rule.on.end(), [](const profile::Event& event) {
            return std::holds_alternative<profile::OnCommand>(event);
        });
    return fmt::format("`{}` was fired at {}, when no {}.", profile::to_string(*command),
                       moment(seen.unheard->at),
                       seen.unheard->open ? "open connection had this rule: it is of another phase"
                                          : "connection was open");
}

/// Its phase was over, or never began, so that its event may have come up in vain; else empty.
std::string describe_phase(const profile::Rule& rule, const ProfileStatistics& profile) {
    if (rule.always) {
        return {};
    }
    const auto& all = *profile.profile;
    const auto begun_by = [&](const auto& wanted) -> const profile::Rule* {
        for (std::size_t i = 0; i < std::min(all.rules.size(), profile.rules.size()); ++i) {
            for (const auto& action : all.rules[i].actions) {
                const auto* become = std::get_if<profile::Become>(&action);
                if (become != nullptr && profile.rules[i].fired > 0 && wanted(*become)) {
                    return &all.rules[i];
                }
            }
        }
        return nullptr;
    };
    const auto& name = all.phases.at(rule.phase);
    if (rule.phase != 0 &&
        begun_by([&](const auto& become) { return become.index == rule.phase; }) == nullptr) {
        return fmt::format("No rule made a connection become `{}`, of which this rule is.",
                           event::printable(name));
    }
    const profile::Become* other = nullptr;
    const auto* before = begun_by([&](const auto& become) {
        other = become.index != rule.phase ? &become : other;
        return become.index != rule.phase;
    });
    if (before == nullptr) {
        return {};
    }
    return fmt::format(
        "What came up after a connection had become `{}` ({}) is a matter of that phase's rules, "
        "and this one is {}.",
        event::printable(other->phase), event::format_place(before->place),
        rule.phase == 0 ? "of none" : fmt::format("of `{}`", event::printable(name)));
}

/// The event came up, but no filter let it through, or nothing came of it.
std::string describe_filters(const profile::Rule& rule, const event::RuleStatistics& seen,
                             const RunSummary& run) {
    std::vector<std::string> why;
    const auto times = [](std::uint64_t n) {
        return n == 1 ? std::string("once") : fmt::format("{} times", n);
    };
    if (seen.failed_when > 0) {
        const auto* filter = rule.filters.within ? "`when` or `within`" : "`when`";
        why.push_back(fmt::format("{} did not hold {}", filter, times(seen.failed_when)));
    }
    if (seen.failed_count > 0) {
        const auto* filter = rule.filters.every
                                 ? (rule.filters.nth ? "`nth` or `every`" : "`every`")
                                 : "`first` or `nth`";
        why.push_back(fmt::format("{} left it out {}", filter, times(seen.failed_count)));
    }
    if (seen.failed_probability > 0) {
        why.push_back(fmt::format("`probability` left it out {}", times(seen.failed_probability)));
    }
    if (seen.overruled > 0) {
        why.push_back(fmt::format("another rule had decided before {}", times(seen.overruled)));
    }
    if (seen.undone + seen.waiting > 0) {
        why.push_back(describe_undone(seen, run));
    }
    auto text = fmt::format("`{}` came up {}", events_text(rule.on), times(seen.events));
    if (!why.empty()) {
        text += fmt::format(", but {}", fmt::join(why, ", "));
    }
    return text + ".";
}

}  // namespace

std::string events_text(const std::vector<profile::Event>& events) {
    std::string text;
    for (const auto& event : events) {
        text += (text.empty() ? "" : ", ") + profile::to_string(event);
    }
    return text;
}

std::string describe_traffic(const std::vector<profile::Event>& events,
                             const ProfileStatistics& profile, const RunSummary& run) {
    Scene scene;
    add_family(scene, profile, run);
    auto text = describe_no_connection(profile, run);
    return text.empty() ? describe_instead(events, scene, run) : text;
}

std::optional<std::set<event::ConnectionId>> connections_of(const ProfileStatistics& profile,
                                                            const RunSummary& run) {
    Scene scene;
    add_family(scene, profile, run);
    std::set<event::ConnectionId> own;
    bool others = false;
    for (const auto& attempt : run.attempts) {
        if (scene.has(attempt.profile)) {
            own.insert(attempt.connection);
        } else {
            others = true;
        }
    }
    return others ? std::optional(std::move(own)) : std::nullopt;
}

bool was_met(const ProfileStatistics& profile, const RunSummary& run) {
    Scene scene;
    add_family(scene, profile, run);
    return scene.connections > 0;
}

bool comes_with_syn(const profile::Event& event) {
    const auto* receive = std::get_if<profile::OnReceive>(&event);
    return receive != nullptr && (!receive->kind || *receive->kind == tcp::Kind::syn);
}

std::string_view no_connection(const RunSummary& run) {
    const bool dials = std::any_of(run.profiles.begin(), run.profiles.end(), [](const auto& one) {
        return one.profile->role == profile::Role::client;
    });
    return dials ? "No connection was opened, neither by the peer nor by the program."
                 : "The program opened no connection to the peer.";
}

std::string describe_misfire(const profile::Rule& rule, const event::RuleStatistics& seen,
                             const ProfileStatistics& profile, const RunSummary& run) {
    auto text = event::format_place(rule.place) + ": the rule never fired. ";
    if (const auto nobody = describe_no_connection(profile, run); !nobody.empty()) {
        return text + nobody;
    }
    if (const auto unheard = describe_unheard(rule, seen); seen.events == 0 && !unheard.empty()) {
        text += unheard;
    } else if (seen.events == 0) {
        Scene scene;
        scene.add(profile);
        const auto instead = describe_instead(rule.on, scene, run);
        text += fmt::format("`{}` never came up.{}{}", events_text(rule.on),
                            instead.empty() ? "" : " ", instead);
        if (const auto phase = describe_phase(rule, profile); !phase.empty()) {
            text += " " + phase;
        }
    } else {
        text += describe_filters(rule, seen, run);
    }
    if (!seen.closest.empty()) {
        text += " Closest: " + event::printable(seen.closest);
        if (text.back() != '.') {
            text += '.';
        }
    }
    return text;
}

}  // namespace ghostpeer::judge
