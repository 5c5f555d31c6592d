// `service: {script: […]}`
#pragma once

#include "ghostpeer/profile/script.hpp"
#include "profile/document/words.hpp"

#include <optional>

namespace ghostpeer::profile {

[[nodiscard]] std::optional<Script> read_script(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
