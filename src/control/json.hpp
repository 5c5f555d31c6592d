// Answers as JSON.
#pragma once

#include "control/peer_names.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "http/message.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::control {

using Json = nlohmann::ordered_json;

/// What is deeper is taken for no JSON: who reads, writes or destroys a value calls itself for each
/// of its levels.
inline constexpr int most_levels = 64;

/// So many values one request may have, all its lists and objects taken together.
inline constexpr std::size_t most_values_of_request = 4096;
/// So many members one object may have.
inline constexpr std::size_t most_members = 1024;

/// Nothing where the text is none, or goes beyond a limit. Takes time in proportion to its length.
[[nodiscard]] std::optional<Json> parse_json(std::string_view text,
                                             std::size_t most_values = most_values_of_request);

[[nodiscard]] Json to_json(const peer::PeerView& peer, const PeerNames& names);
[[nodiscard]] Json to_json(const peer::ConnectionView& connection, const PeerNames& names);

/// Text that is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const Json& value);
[[nodiscard]] http::Response answer(const Json& value, int status = 200);
/// `{"error": SENTENCE}`
[[nodiscard]] http::Response fail(int status, const std::string& sentence);

}  // namespace ghostpeer::control
