// `tags:`: what a profile is about, out of a fixed set. They sort the catalogue; nothing in a run
// depends on them, so a loaded profile does not keep them.
#pragma once

#include "profile/document/errors.hpp"

#include <string_view>
#include <vector>

namespace ghostpeer::profile {

/// One tag or a list of them, in the file's order, each once; what is wrong is reported. The views
/// live as long as the program.
[[nodiscard]] std::vector<std::string_view> read_tags(const Entry& entry, Errors& errors);

}  // namespace ghostpeer::profile
