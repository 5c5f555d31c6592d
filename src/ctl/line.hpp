// What `ghostpeer ctl` says to a running ghostpeer, and hears.
#pragma once

#include "ctl/command.hpp"
#include "event/exit_status.hpp"
#include "http/client.hpp"
#include "loop/clock.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace ghostpeer::ctl {

/// Why it cannot be done, a sentence (empty: it is said already), and the status to end with.
struct Trouble {
    std::string sentence;
    int status = exit_cannot;
};

/// An answer that was none of trouble.
using Answer = tl::expected<std::string, Trouble>;

[[nodiscard]] inline auto trouble(std::string sentence) {
    return tl::make_unexpected(Trouble{std::move(sentence), exit_cannot});
}

[[nodiscard]] inline auto no_ghostpeer() { return trouble("the answer is none of a ghostpeer's."); }

inline constexpr std::chrono::milliseconds usual_patience = std::chrono::seconds(15);

/// The other side of the exchange.
class Line {
  public:
    [[nodiscard]] static tl::expected<Line, Trouble> open(const Request& request);

    using Receive = std::function<bool(std::string_view)>;

    [[nodiscard]] Answer ask(const std::string& method, const std::string& target,
                             const std::string& body = {},
                             std::chrono::milliseconds patience = usual_patience) const;
    /// `receive` gets the answer as it comes, until it says false.
    [[nodiscard]] tl::expected<void, Trouble> listen(const std::string& target,
                                                     const Receive& receive) const;

  private:
    /// `receive` gets the body of a good answer as it comes, `until` then at most.
    [[nodiscard]] tl::expected<void, Trouble> ask(const http::Request& request,
                                                  std::chrono::milliseconds patience, Instant until,
                                                  const Receive& receive) const;
    [[nodiscard]] std::string explain(const std::string& body, int status) const;

    http::Place to_;
    std::string where_;
    std::string token_;
    loop::Clock clock_;
};

}  // namespace ghostpeer::ctl
