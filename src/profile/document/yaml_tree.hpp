// YAML text -> tree. The implementation is the only file that includes yaml-cpp.
#pragma once

#include "profile/document/errors.hpp"
#include "profile/document/yaml_node.hpp"

#include <optional>

namespace ghostpeer::profile {

/// Limits on what one file may unfold to, aliases counted wherever they stand.
inline constexpr std::size_t max_nodes = 100'000;
inline constexpr std::size_t max_nodes_of_request = 8'192;
inline constexpr std::size_t max_depth = 64;
inline constexpr std::size_t max_text_bytes = 4 * 1024 * 1024;

/// The one document of the source, aliases and merge keys (`<<`) unfolded; nothing where it is not
/// valid YAML or goes beyond a limit. Duplicate keys are reported and the first one kept.
[[nodiscard]] std::optional<YamlNode> parse_yaml(const SourceText& source, Errors& errors,
                                                 std::size_t most_nodes = max_nodes);

}  // namespace ghostpeer::profile
