// What `wait` waits for.
#pragma once

#include "control/peer_names.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/tcp/names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::control {

/// `>= 3`
struct Comparison {
    enum class Operator : std::uint8_t { less, at_most, equal, not_equal, at_least, more };
    Operator op = Operator::at_least;
    std::uint64_t number = 1;

    [[nodiscard]] bool holds(std::uint64_t value) const noexcept;
};

/// `connections >= 1`, `attempts >= 2 peer=db`, `established == 0`
struct CountIs {
    enum class Of : std::uint8_t { connections, attempts, state };
    Of of = Of::connections;
    tcp::State state = tcp::State::established;  ///< of `Of::state`
    Comparison comparison;
    std::optional<NamedPeer> peer;  ///< unset: of all peers
};
/// `state=ESTABLISHED conn=1`
struct StateIs {
    tcp::State state = tcp::State::established;
    event::ConnectionId connection = 0;
};
/// `rule FILE:LINE`, `rule FILE:LINE >= 3`
struct RuleFired {
    std::string file;
    int line = 0;
    Comparison comparison;
};
/// `event=segment kind=rst`: an event with these fields comes from now on.
struct EventSeen {
    std::vector<std::pair<std::string, std::string>> fields;
};

using Condition = std::variant<CountIs, StateIs, RuleFired, EventSeen>;

/// The error is a complete sentence.
[[nodiscard]] tl::expected<Condition, std::string> parse_condition(std::string_view text,
                                                                   const PeerNames& names);

/// Has the JSON object (a line of the event stream) each field, with the value as JSON or, for a
/// text, without its quotes? Nested ones are written `rule.line`.
[[nodiscard]] bool matches(const EventSeen& event, std::string_view line);

/// How a condition that is no `EventSeen` stands.
struct Standing {
    bool met = false;
    bool more = false;  ///< not known yet: ask again
    std::string now;    ///< `established is 2`
};

/// Looks at a condition bit by bit: counts of one peer's connections go through all of them.
class Look {
  public:
    explicit Look(Condition condition) : condition_(std::move(condition)) {}

    [[nodiscard]] Standing step(const peer::Engine& engine);
    /// Does it go through all connections? Then it is not to be asked after each segment.
    [[nodiscard]] bool heavy() const noexcept;
    [[nodiscard]] const Condition& condition() const noexcept { return condition_; }

  private:
    [[nodiscard]] Standing count(const CountIs& what, const peer::Engine& engine);

    Condition condition_;
    std::uint32_t from_ = 0;
    std::uint64_t counted_ = 0;
};

}  // namespace ghostpeer::control
