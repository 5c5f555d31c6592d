// What a program did, in a file to be committed: one line a run, `FAULT: WHERE: what it did`,
// sorted, times in classes. YAML, of which this reads the form alone that it writes.
#pragma once

#include "sweep/results.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

/// By `reset, 2nd data in of attempt 1`: `error, status 56, at once`.
using Snapshot = std::map<std::string, std::string>;

[[nodiscard]] Snapshot take_snapshot(const Plan& plan, const Results& results);
[[nodiscard]] std::string to_yaml(const Snapshot& snapshot,
                                  const std::vector<std::string>& command);
/// The error is the end of a sentence, with the line that it is about.
[[nodiscard]] tl::expected<Snapshot, std::string> parse_snapshot(std::string_view text);

struct Change {
    std::string where;
    std::string before;  ///< empty: it was not there
    std::string now;     ///< empty: it is not there
};
[[nodiscard]] std::vector<Change> compare(const Snapshot& before, const Snapshot& now);
[[nodiscard]] std::string describe(const std::vector<Change>& changes);

}  // namespace ghostpeer::sweep
