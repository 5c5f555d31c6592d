// Words of `ghostpeer ctl` about peers that come and go, and about scopes.
#pragma once

#include "control/json.hpp"
#include "ctl/line.hpp"

#include <cstddef>

namespace ghostpeer::ctl {

/// Trouble where there are fewer or more words.
[[nodiscard]] Answer need_words(const Request& request, std::size_t least, std::size_t most,
                                const char* usage);
/// `profile` and `set` of a body; the profile is the third word.
[[nodiscard]] control::Json profile_of(const Request& request);

[[nodiscard]] Answer add(const Line& line, const Request& request);
[[nodiscard]] Answer remove(const Line& line, const Request& request);
[[nodiscard]] Answer scope(const Line& line, const Request& request);
[[nodiscard]] Answer scopes(const Line& line, const Request& request);
/// Both end with the verdict's status.
[[nodiscard]] Answer end(const Line& line, const Request& request);
[[nodiscard]] Answer verdict(const Line& line, const Request& request);
[[nodiscard]] Answer record(const Line& line, const Request& request);
[[nodiscard]] Answer trace(const Line& line, const Request& request);
[[nodiscard]] Answer page(const Line& line, const Request& request);

}  // namespace ghostpeer::ctl
