#include "control/router.hpp"

#include "http/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ghostpeer::control {
namespace {

/// `127.0.0.1:8000`, `localhost`, `[::1]:8000`
[[nodiscard]] bool is_loopback(std::string_view host) {
    const auto bracket = host.find(']');
    const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    host = host.substr(0, colon);
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

/// The parts that stand for `{…}`; nothing where the path does not fit.
[[nodiscard]] std::optional<std::vector<std::string>> fit(std::string_view pattern,
                                                          const std::vector<std::string>& path) {
    std::vector<std::string> names;
    std::size_t i = 0;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);  // the slash
        const auto end = std::min(pattern.find('/'), pattern.size());
        const auto part = pattern.substr(0, end);
        pattern.remove_prefix(end);
        if (i >= path.size() || (part.front() != '{' && part != path[i])) {
            return std::nullopt;
        }
        if (part.front() == '{') {
            names.push_back(path[i]);
        }
        ++i;
    }
    return i == path.size() ? std::optional(names) : std::nullopt;
}

}  // namespace

const std::vector<Route>& routes() {
    static const std::vector<Route> all{
        {"GET", "/v1/info", get_info},
        {"GET", "/v1/peers", get_peers},
        {"POST", "/v1/peers", post_peer},
        {"GET", "/v1/peers/{peer}", get_peer},
        {"DELETE", "/v1/peers/{peer}", delete_peer},
        {"PUT", "/v1/peers/{peer}/profile", put_profile},
        {"POST", "/v1/peers/{peer}/actions", post_peer_actions},
        {"GET", "/v1/scopes", get_scopes},
        {"POST", "/v1/scopes", post_scope},
        {"GET", "/v1/scopes/{scope}", get_scope},
        {"DELETE", "/v1/scopes/{scope}", delete_scope},
        {"GET", "/v1/scopes/{scope}/verdict", get_verdict},
        {"GET", "/v1/scopes/{scope}/record", get_record},
        {"GET", "/v1/scopes/{scope}/trace", get_trace},
        {"GET", "/v1/scopes/{scope}/page", get_page},
        {"POST", "/v1/scopes/{scope}/actions", post_scope_actions},
        {"GET", "/v1/connections", get_connections},
        {"GET", "/v1/connections/{id}", get_connection},
        {"POST", "/v1/connections/{id}/actions", post_connection_actions},
        {"POST", "/v1/actions", post_actions},
        {"POST", "/v1/commands/{name}", post_command},
        {"GET", "/v1/events", get_events},
        {"GET", "/v1/stats", get_stats},
        {"POST", "/v1/stats/reset", reset_stats},
        {"GET", "/v1/wait", get_wait},
        {"GET", "/metrics", get_metrics},
        {"GET", "/openapi.json", get_openapi},
    };
    return all;
}

std::optional<http::Response> Router::admit(const http::Request& head) {
    auto refusal = turn_away(head);
    if (refusal) {
        ++context_.requests;
        ++context_.refused;
    }
    return refusal;
}

http::Response Router::handle(const http::Request& request) {
    ++context_.requests;
    http::Response response = dispatch(request);
    if (response.status >= http::status::bad_request) {
        ++context_.refused;
    }
    return response;
}

std::optional<http::Response> Router::turn_away(const http::Request& request) const {
    if (!token_) {
        return std::nullopt;
    }
    constexpr std::string_view scheme = "Bearer ";
    if (!http::find_field(request.headers, "origin").empty() ||
        !is_loopback(http::find_field(request.headers, "host"))) {
        return fail(http::status::forbidden,
                    "Requests from web pages are refused, and those to a name other than "
                    "localhost or a loopback address: somebody else's page could have sent them.");
    }
    std::string_view given = http::find_field(request.headers, "authorization");
    if (!given.starts_with(scheme) || !same_secret(given.substr(scheme.size()), *token_)) {
        auto response = fail(http::status::unauthorized,
                             "The control token is missing or wrong; send it as `Authorization: "
                             "Bearer TOKEN`.");
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
        return response;
    }
    return std::nullopt;
}

http::Response Router::dispatch(const http::Request& request) const {
    const auto target = parse_target(request.target);
    if (!target) {
        return fail(http::status::bad_request,
                    "An escape (%XX) in the request's path or query is broken.");
    }
    std::string allowed;
    for (const Route& route : routes()) {
        const auto names = fit(route.path, target->path);
        if (names && (route.method == request.method ||
                      (route.method == "GET" && request.method == "HEAD"))) {
            return route.endpoint(context_, {request, *target, *names, only_catalogue_});
        }
        if (names) {
            allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", route.method);
        }
    }
    if (!allowed.empty()) {
        auto response = fail(http::status::not_allowed,
                             fmt::format("This path takes {}, not {}.", allowed, request.method));
        response.headers.emplace_back("Allow", allowed);
        return response;
    }
    return fail(http::status::not_found,
                "There is nothing at this path; /openapi.json describes those that there are.");
}

http::Response Router::refuse(int code) {
    ++context_.requests;
    ++context_.refused;
    namespace status = http::status;
    constexpr std::array<std::pair<int, std::string_view>, 10> sentences{{
        {status::bad_request, "This is no HTTP/1.1 request that has one meaning alone."},
        {status::timed_out, "The request has not come whole in time."},
        {status::too_large, "The body is larger than the 1 MiB that a request may have."},
        {status::target_too_long, "The path and its query are too long."},
        {status::expectation_failed, "Of expectations only `100-continue` is known."},
        {status::head_too_large,
         "The header has more than the 64 fields or the 16 KiB that a request may have."},
        {status::internal_error,
         "The request could not be dealt with because of an error in ghostpeer."},
        {status::not_implemented, "Of transfer codings only `chunked` is known."},
        {status::unavailable, "Too many clients are connected at once; try again."},
        {status::wrong_version, "HTTP/1.1 is spoken here."},
    }};
    const auto known = std::find_if(sentences.begin(), sentences.end(),
                                    [code](const auto& one) { return one.first == code; });
    return fail(code,
                known == sentences.end() ? "The request was refused." : std::string(known->second));
}

}  // namespace ghostpeer::control
