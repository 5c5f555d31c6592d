// What happened in several runs, or captures, beside each other.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::compare {

/// One of them.
struct Column {
    struct Segment {
        double at = 0;     ///< seconds
        std::string what;  ///< `> syn`, `<x syn-ack`, `> data 100`
    };
    std::string title;                                       ///< `Linux 6.12.117`, a file's name
    std::vector<std::pair<std::string, std::string>> facts;  ///< name and value, in order
    std::vector<Segment> segments;
};

/// Every line with its line end. `*` marks what is not the same: of segments also those that are
/// not at the same time (20 ms or 2 %). Behind it the first segment that differs.
[[nodiscard]] std::string side_by_side(const std::vector<Column>& columns);
/// Is nothing marked?
[[nodiscard]] bool are_alike(const std::vector<Column>& columns);

}  // namespace ghostpeer::compare
