// A world whose profile expects something, and what came of it, in words.
#pragma once

#include "judge/judge.hpp"
#include "support/peer_harness.hpp"

#include <memory>

namespace ghostpeer::testing {

/// One that has been told all that has happened until now.
[[nodiscard]] inline std::unique_ptr<judge::Judge> judge_of(World& world) {
    auto judge = std::make_unique<judge::Judge>();
    event::Run run;
    run.rtt = world.rtt;
    run.virtual_time = world.virtual_time;
    judge->record({run_start, 0, 0, std::make_shared<const event::Run>(run)});
    world.collect();
    for (const auto& event : world.events) {
        judge->record(event);
    }
    return judge;
}

/// One that has been told of a run that ends now.
[[nodiscard]] inline std::unique_ptr<judge::Judge> judge_at_end_of(World& world) {
    world.conclude();
    auto judge = judge_of(world);
    std::vector<event::Event> rest;
    world.engine.sum_up(world.now);
    world.engine.take_events(rest);
    rest.push_back({world.now, 0, 0, event::Exit{}});
    rest.push_back({world.now, 0, 0, std::make_shared<const event::End>()});
    for (const auto& event : rest) {
        judge->record(event);
    }
    return judge;
}

[[nodiscard]] inline judge::RunSummary summary_of(World& world) {
    return judge_at_end_of(world)->summary();
}

[[nodiscard]] inline event::Verdict verdict_of(World& world) {
    return judge_at_end_of(world)->verdict();
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

[[nodiscard]] inline judge::ExpectationResult result_of(World& world, std::size_t index = 0) {
    return summary_of(world).profiles.at(0).expectations.at(index);
}

}  // namespace ghostpeer::testing
