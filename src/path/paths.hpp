// The ways between the program and its peers, and what is on its way.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/link.hpp"
#include "path/way.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

namespace ghostpeer::path {

/// A packet on its way.
struct Flight {
    Instant sent{};
    Instant arrives{};
    Duration queued{};
    event::Direction direction = event::Direction::out;
    bool copy = false;
    wire::Bytes packet;
    std::optional<event::Event> event;  ///< of `out`; its instant is set when it arrives
};

/// Packets on their way, the one that arrives next first; of those that arrive together, in the
/// order in which they were sent.
class Flights {
  public:
    [[nodiscard]] bool empty() const noexcept { return order_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    /// When the next one arrives; there is one.
    [[nodiscard]] Instant next() const { return order_.top().arrives; }
    /// When the last of all that ever were has arrived.
    [[nodiscard]] Instant last() const noexcept { return last_; }
    void add(std::unique_ptr<Flight> flight);
    /// Null: none has arrived by then.
    [[nodiscard]] std::unique_ptr<Flight> land(Instant now);

  private:
    struct Place {
        Instant arrives{};
        std::uint64_t number = 0;
        std::size_t slot = 0;
        [[nodiscard]] bool operator<(const Place& other) const noexcept {
            return arrives != other.arrives ? arrives > other.arrives : number > other.number;
        }
    };
    std::priority_queue<Place> order_;
    std::vector<std::unique_ptr<Flight>> slots_;
    std::vector<std::size_t> free_;
    std::uint64_t number_ = 0;
    std::size_t bytes_ = 0;
    Instant last_ = Instant::min();
};

/// The way to the peers of a profile that speaks of it, or to all others.
struct Path {
    std::shared_ptr<const profile::Link> said;  ///< null: to all others
    std::string profile;                        ///< its name
    Way up;
    Way down;

    [[nodiscard]] profile::Link figures() const { return {up.figures(), down.figures()}; }
};

class Paths {
  public:
    /// `below`: what holds where nobody says anything. `above`: what the run says, whatever a
    /// profile says.
    Paths(const profile::Link& below, const profile::Link& above, std::uint64_t seed);

    /// Null: the one to all peers whose profiles say nothing of it.
    [[nodiscard]] Path& to(const profile::Link* said) noexcept;
    /// Makes it where it is not there yet.
    Path& open(const std::shared_ptr<const profile::Link>& said, const std::string& profile);
    /// Forgets it; what went it is forgotten by nobody.
    void close(const profile::Link* said);
    /// The longest that a packet may be on its way there and an answer to it on its way back.
    [[nodiscard]] Duration longest_round() const noexcept;

  private:
    profile::Link below_;
    profile::Link above_;
    std::uint64_t seed_;
    std::uint64_t made_ = 0;
    std::unordered_map<const profile::Link*, std::unique_ptr<Path>> paths_;
    Path* others_ = nullptr;  ///< one of them: that to all others
};

}  // namespace ghostpeer::path
