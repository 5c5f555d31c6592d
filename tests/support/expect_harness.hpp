// A world whose profile expects something, and what came of it, in words.
#pragma once

#include "judge/conversation.hpp"
#include "judge/report.hpp"
#include "support/peer_harness.hpp"

namespace ghostpeer::testing {

/// What has happened until now.
[[nodiscard]] inline judge::RunSummary summary_of(World& world) {
    world.engine.conclude(world.now);
    judge::RunSummary run;
    run.command = event::Exit{};
    run.attempts = world.engine.attempts();
    run.unrecorded_attempts = world.engine.unrecorded_attempts();
    run.profiles = world.engine.profiles();
    run.counters = world.engine.counters();
    run.length = world.now - run_start;
    return run;
}

[[nodiscard]] inline event::Verdict verdict_of(World& world) {
    const auto run = summary_of(world);
    judge::Conversation conversation;
    for (const auto& event : world.events) {
        conversation.record(event);
    }
    return judge::make_verdict(run, &conversation);
}

/// The failures, without the profile's name, a line each; empty: every expectation was met.
[[nodiscard]] inline std::string failures_of(World& world) {
    std::string text;
    for (const auto& failure : verdict_of(world).failures) {
        const auto& sentence = failure.sentence;
        text += sentence.substr(sentence.find(' ') + 1) + "\n";
    }
    return text;
}

[[nodiscard]] inline peer::ExpectationResult result_of(World& world, std::size_t index = 0) {
    world.engine.conclude(world.now);
    return world.engine.profiles().at(0).expectations.at(index);
}

}  // namespace ghostpeer::testing
