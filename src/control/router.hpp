// From an HTTP request to the function that answers it.
#pragma once

#include "control/context.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::control {

struct Route {
    std::string_view method;
    std::string_view path;  ///< as OpenAPI writes it: `/v1/peers/{peer}`
    Endpoint endpoint;
};

/// All that there are.
[[nodiscard]] const std::vector<Route>& routes();

class Router final : public http::Handler {
  public:
    /// `token`: what every request has to bring; not set: none (a Unix socket's mode protects it).
    /// With a token the client may be a browser that somebody else's page steers: requests with
    /// another Host than a loopback address, or with an Origin, are refused.
    /// `only_catalogue`: profiles are named, no files, whoever asks.
    Router(Context& context, std::optional<std::string> token, bool only_catalogue)
        : context_(context), token_(std::move(token)), only_catalogue_(only_catalogue) {}

    /// Whether the client may: nothing of a stranger is read but the head of a request.
    [[nodiscard]] std::optional<http::Response> admit(const http::Request& head) override;
    [[nodiscard]] http::Response handle(const http::Request& request) override;
    [[nodiscard]] http::Response refuse(int code) override;

  private:
    [[nodiscard]] std::optional<http::Response> turn_away(const http::Request& request) const;
    [[nodiscard]] http::Response dispatch(const http::Request& request) const;

    Context& context_;
    std::optional<std::string> token_;
    bool only_catalogue_;
};

}  // namespace ghostpeer::control
