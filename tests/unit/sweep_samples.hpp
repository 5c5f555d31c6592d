// Runs and plans for tests of sweeps.
#pragma once

#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/reports.hpp"
#include "sweep/results.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::sweep {

inline Evidence evidence_of(int status, double seconds,
                            std::vector<std::string> output = {"ok\n"}) {
    Evidence evidence;
    evidence.record.complete = true;
    evidence.record.ended = "command";
    evidence.record.status = status;
    evidence.record.duration = seconds;
    evidence.record.attempts = 1;
    evidence.output = std::move(output);
    evidence.record.rules.push_back({"./0001.yaml", 1});
    return evidence;
}

inline Case case_of(std::size_t number, const std::string& row, std::size_t place) {
    Case one;
    one.number = number;
    one.row = row;
    one.place = place;
    one.column = std::to_string(place) + ". segment";
    one.rules = "x";
    return one;
}

inline Result result_of(std::size_t number, Outcome outcome, int status = 0, double seconds = 0) {
    Result result;
    result.number = number;
    result.outcome = outcome;
    result.status = status;
    result.seconds = seconds;
    return result;
}

/// Two rows of three.
inline Plan plan_of_six() {
    Plan plan;
    plan.command = {"nc", "x"};
    plan.rows = {"lose", "reset"};
    plan.baselines.emplace_back();
    plan.columns = {"1. segment", "2. segment", "3. segment"};
    for (std::size_t i = 0; i < 6; ++i) {
        plan.cases.push_back(case_of(i + 1, plan.rows[i / 3], i % 3 + 1));
    }
    return plan;
}

inline Results results_of_six() {
    Results results;
    results[1] = result_of(1, Outcome::fine);
    results[2] = result_of(2, Outcome::fine);
    results[3] = result_of(3, Outcome::slow, 0, 100);
    results[4] = result_of(4, Outcome::error, 56);
    results[5] = result_of(5, Outcome::wrong);
    results[6] = result_of(6, Outcome::wrong);
    results[5].remark = "the output ends after 1 line of 2";
    return results;
}

inline const RepeatLine no_line = [](const Case& one) {
    return "repeat " + number_text(one.number);
};

}  // namespace ghostpeer::sweep
