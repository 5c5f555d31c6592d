// Looking for a profile by what somebody calls its fault.
#pragma once

#include "ghostpeer/profile/catalogue.hpp"

#include <string>
#include <vector>

namespace ghostpeer::help {

/// The profiles in whose name, tags or summary each of the words stands, or a word that means the
/// same (`hang`: `silent`, `blackhole` …); without regard to case. Sorted by name.
[[nodiscard]] std::vector<profile::Listing> search(std::vector<profile::Listing> listings,
                                                   const std::vector<std::string>& words);

/// Words for which `search` knows others.
[[nodiscard]] std::vector<std::string> synonyms();

}  // namespace ghostpeer::help
