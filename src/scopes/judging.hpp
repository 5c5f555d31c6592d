// What a scope amounts to: its record as a run's of its own, and what is made of that.
#pragma once

#include "ghostpeer/event/verdict.hpp"
#include "scopes/scopes.hpp"

#include <memory>
#include <string>
#include <vector>

namespace ghostpeer::scopes {

/// A whole record, from `run` to `verdict`, as of a run that had these peers alone and no COMMAND.
struct Judged {
    std::vector<std::shared_ptr<const event::Event>> record;
    std::shared_ptr<const event::Verdict> verdict;
};

[[nodiscard]] Judged judge_scope(const Snapshot& scope);

/// The lines of `--events`, and the trace with the verdict below it.
[[nodiscard]] std::string to_lines(const Judged& judged);
[[nodiscard]] std::string to_trace(const Judged& judged);
/// The verdict as a line of `--events`.
[[nodiscard]] std::string to_line(const Judged& judged);
/// As a run prints it at its end.
[[nodiscard]] std::string to_verdict_text(const Judged& judged);
/// As `--report` writes it.
[[nodiscard]] std::string to_page(const Judged& judged, const std::string& name,
                                  const std::string& version);

}  // namespace ghostpeer::scopes
