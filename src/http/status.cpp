#include "http/status.hpp"

namespace ghostpeer::http {

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case status::ok: return "OK";
        case status::bad_request: return "Bad Request";
        case status::unauthorized: return "Unauthorized";
        case status::forbidden: return "Forbidden";
        case status::not_found: return "Not Found";
        case status::not_allowed: return "Method Not Allowed";
        case status::timed_out: return "Request Timeout";
        case status::conflict: return "Conflict";
        case status::too_large: return "Content Too Large";
        case status::target_too_long: return "URI Too Long";
        case status::wrong_type: return "Unsupported Media Type";
        case status::expectation_failed: return "Expectation Failed";
        case status::unprocessable: return "Unprocessable Content";
        case status::head_too_large: return "Request Header Fields Too Large";
        case status::internal_error: return "Internal Server Error";
        case status::not_implemented: return "Not Implemented";
        case status::unavailable: return "Service Unavailable";
        case status::wrong_version: return "HTTP Version Not Supported";
        default: return "";
    }
}

}  // namespace ghostpeer::http
