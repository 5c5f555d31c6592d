// Where oddities are gathered: bounded, in order at the end.
#pragma once

#include "capture/conversation.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::capture {

/// A packet that something begins with.
struct Mark {
    std::uint64_t packet = 0;  ///< 0: none
    Duration at{};
    explicit operator bool() const noexcept { return packet != 0; }
};

class Findings {
  public:
    /// `most`: of what is told while packets come, room remains for how it ended.
    explicit Findings(std::vector<Oddity>& into, std::size_t most = most_oddities)
        : into_(into), most_(most) {}

    struct Measures {
        Duration length{};
        std::uint64_t count = 0;
    };
    void add(OddityKind kind, std::optional<Side> side, const Mark& where, const Measures& measures,
             std::string words) {
        if (into_.size() < most_) {
            into_.push_back({kind, side, where.packet, where.at, measures.length, measures.count,
                             std::move(words)});
        }
    }

  private:
    std::vector<Oddity>& into_;
    std::size_t most_;
};

/// Counts what happens again and again, and remembers where it began.
struct Tally {
    Mark first;
    std::uint64_t count = 0;
    void add(const Mark& mark, std::uint64_t more = 1) noexcept {
        if (!first) {
            first = mark;
        }
        count += more;
    }
};

}  // namespace ghostpeer::capture
