// The status codes of HTTP that the control interface answers with (RFC 9110, section 15).
#pragma once

#include <string_view>

namespace ghostpeer::http {

namespace status {

inline constexpr int ok = 200;
inline constexpr int no_content = 204;
inline constexpr int not_modified = 304;
inline constexpr int bad_request = 400;
inline constexpr int unauthorized = 401;
inline constexpr int forbidden = 403;
inline constexpr int not_found = 404;
inline constexpr int not_allowed = 405;
inline constexpr int timed_out = 408;
inline constexpr int conflict = 409;
inline constexpr int too_large = 413;
inline constexpr int target_too_long = 414;
inline constexpr int wrong_type = 415;
inline constexpr int expectation_failed = 417;
inline constexpr int unprocessable = 422;
inline constexpr int head_too_large = 431;
inline constexpr int internal_error = 500;
inline constexpr int not_implemented = 501;
inline constexpr int unavailable = 503;
inline constexpr int wrong_version = 505;

}  // namespace status

/// What stands behind the number in an answer's first line.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

}  // namespace ghostpeer::http
