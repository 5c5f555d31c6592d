// The JSON Schemas that ship inside the binary: of profiles and of the event stream.
#pragma once

#include <string>
#include <string_view>

namespace ghostpeer::help {

/// As the files are written.
[[nodiscard]] std::string_view profile_schema() noexcept;
[[nodiscard]] std::string_view event_schema() noexcept;

/// The profiles' schema for an editor: with the catalogue's names where a profile is named.
[[nodiscard]] std::string schema_for_editors();

}  // namespace ghostpeer::help
