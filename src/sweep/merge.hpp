// The parts of one plan, put together as if they had been one run.
#pragma once

#include "sweep/results.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

struct Merged {
    Plan plan;
    Results results;
    std::map<std::size_t, std::string> from;  ///< by the case's number: the part that it is of
    std::vector<std::string> remarks;  ///< complete sentences: a part that is missing, or is double
};
/// The error is a complete sentence.
[[nodiscard]] tl::expected<Merged, std::string> merge(const std::vector<std::string>& parts);

/// Makes a folder of the parts, as one run of all would have left it; `into` is none of them.
/// `all`: with what the runs have left that are nothing to look at. The error is a complete
/// sentence.
[[nodiscard]] tl::expected<Folder, std::string> collect_parts(const Merged& merged,
                                                              const std::vector<std::string>& parts,
                                                              const std::string& into, bool all);

}  // namespace ghostpeer::sweep
