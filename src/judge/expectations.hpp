// What came of the expectations, in words, with the conversation around what was seen.
#pragma once

#include "judge/conversation.hpp"
#include "judge/report.hpp"

namespace ghostpeer::judge {

/// All expectations of the run, in the order of profiles and files. `conversation` may be null.
[[nodiscard]] std::vector<event::ExpectationOutcome> describe_expectations(
    const RunSummary& run, const Conversation* conversation);

/// `p.yaml:9  see: receive rst: held, seen once`
[[nodiscard]] std::string describe_held(const event::ExpectationOutcome& outcome);

}  // namespace ghostpeer::judge
