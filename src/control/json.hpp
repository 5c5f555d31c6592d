// Answers as JSON.
#pragma once

#include "control/peer_names.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "http/http.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace ghostpeer::control {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const peer::PeerView& peer, const PeerNames& names);
[[nodiscard]] Json to_json(const peer::ConnectionView& connection, const PeerNames& names);

/// Text that is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const Json& value);
[[nodiscard]] http::Response answer(const Json& value, int status = 200);
/// `{"error": SENTENCE}`
[[nodiscard]] http::Response fail(int status, const std::string& sentence);

}  // namespace ghostpeer::control
