// Actions outside a profile: what the control interface is asked to do.
#pragma once

#include "ghostpeer/profile/diagnostic.hpp"
#include "ghostpeer/profile/rule.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::profile {

/// One action or a list of them, in YAML or JSON, as `do:` of a rule takes them: `blackhole`,
/// `{window: 0}`, `["revive", {"say": "hello"}]`. Not empty. Those that need a segment (`drop`,
/// `delay`, …) are errors, as is `say: {file: …}`; nothing is read but the text. `phases` are the
/// names that `become` may name, whose index is left 0. `file` is what diagnostics call the text.
[[nodiscard]] tl::expected<std::vector<Action>, std::vector<Diagnostic>> parse_actions(
    std::string_view text, const std::vector<std::string>& phases = {},
    const std::string& file = "control");

}  // namespace ghostpeer::profile
