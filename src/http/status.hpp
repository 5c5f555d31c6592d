// The status codes of HTTP that the control interface answers with (RFC 9110, section 15).
#pragma once

namespace ghostpeer::http::status {

inline constexpr int ok = 200;
inline constexpr int bad_request = 400;
inline constexpr int unauthorized = 401;
inline constexpr int forbidden = 403;
inline constexpr int not_found = 404;
inline constexpr int not_allowed = 405;
inline constexpr int timed_out = 408;
inline constexpr int too_large = 413;
inline constexpr int wrong_type = 415;
inline constexpr int unprocessable = 422;
inline constexpr int internal_error = 500;
inline constexpr int unavailable = 503;

}  // namespace ghostpeer::http::status
