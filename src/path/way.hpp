// One direction between the program and the peer: what becomes of a packet that is given to it.
#pragma once

#include "ghostpeer/profile/link.hpp"
#include "path/random.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace ghostpeer::path {

struct Passage {
    enum class Fate : std::uint8_t { arrives, lost, queue_full };
    Fate fate = Fate::arrives;
    Instant arrives{};
    Duration queued{};  ///< of that, it waits for those before it
    bool twice = false;
};

/// A queue before a line that takes its time for each bit, and then a way that takes `delay`. Its
/// fate is known as soon as a packet is given to it; what changes later changes nothing for it.
class Way {
  public:
    explicit Way(std::uint64_t seed) : random_(seed) {}

    void change(const profile::LinkWay& to) noexcept;
    [[nodiscard]] const profile::LinkWay& figures() const noexcept { return figures_; }
    /// A packet of so many bytes, its IP header among them. Instants never go back.
    [[nodiscard]] Passage carry(std::size_t bytes, Instant now);
    /// Nothing that is carried from now on takes longer.
    [[nodiscard]] Duration longest() const noexcept;

  private:
    struct Waiting {
        Instant gone{};  ///< its last bit is on its way
        std::size_t bytes = 0;
    };
    [[nodiscard]] bool has_room(std::size_t bytes, Instant now);
    /// When its last bit is on its way.
    [[nodiscard]] Instant put_on_line(std::size_t bytes, Instant now);
    [[nodiscard]] bool loses();
    [[nodiscard]] Duration delay();

    profile::LinkWay figures_;
    Random random_;
    std::deque<Waiting> waiting_;  ///< at the line, the one whose turn it is among them
    std::size_t waiting_bytes_ = 0;
    Instant free_{};           ///< when the line has done with the last of them
    std::uint64_t parts_ = 0;  ///< of a nanosecond that it is longer, in 1/rate
    Instant last_arrival_ = Instant::min();
    bool bad_ = false;  ///< the state that loses
};

}  // namespace ghostpeer::path
