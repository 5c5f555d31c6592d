// What an end, or both, do over time: watched segment by segment, told at the end.
#pragma once

#include "capture/conversation.hpp"
#include "capture/findings.hpp"

#include <array>
#include <cstdint>

namespace ghostpeer::capture {

/// A segment with all that its conversation knows of it.
struct Seen {
    const Segment& segment;
    bool progress = false;      ///< payload, SYN or FIN that had not been seen, or an RST
    bool acknowledges = false;  ///< what had not been acknowledged
    bool scaled = false;        ///< `offered` is in bytes for certain
    std::uint64_t spoken = 0;   ///< bytes of its sender's stream before it
    bool all_acked = false;     ///< everything that its sender had sent before it

    [[nodiscard]] Mark mark() const noexcept { return {segment.packet, segment.at}; }
    [[nodiscard]] Side from() const noexcept { return segment.from; }
};

/// The windows that one end offers.
class Windows {
  public:
    void offer(const Seen& seen);
    void finish(Side side, Duration end, bool over, Findings& into) const;
    [[nodiscard]] bool closed() const noexcept { return static_cast<bool>(zero_); }

  private:
    Mark zero_;  ///< it is closed since then
    Mark longest_;
    Duration length_{};
    std::uint32_t times_ = 0;
    std::int64_t edge_ = 0;  ///< the right one, the farthest
    bool has_edge_ = false;
    Tally shrinks_;
    std::uint64_t most_shrunk_ = 0;
    std::uint64_t most_ = 0;
};

/// What one end sends again, and what it asks in vain.
class Resends {
  public:
    /// A segment of this end.
    void sent(const Seen& seen);
    /// A segment of the other end.
    void answered(const Seen& seen, Findings& into);
    void finish(Side side, Duration end, Findings& into);
    /// It has gone on, and nothing at all has come back.
    [[nodiscard]] bool in_vain() const noexcept;
    [[nodiscard]] std::uint32_t probes() const noexcept { return probes_; }
    [[nodiscard]] std::uint32_t fins() const noexcept { return fins_; }

  private:
    void tell_stop(Side side, Duration until, bool for_good, Findings& into);

    Mark unanswered_;  ///< the first of it since the other end was last heard
    Mark stalled_;     ///< the first of what is not acknowledged, when it was sent again
    Mark oldest_;      ///< the first since the last that was acknowledged
    std::uint32_t stalls_ = 0;
    std::uint32_t in_vain_ = 0;
    Mark probe_;
    std::uint32_t probes_ = 0;
    Tally answered_probes_;
    Mark fin_;
    std::uint32_t fins_ = 0;
    bool fin_acked_ = false;
};

/// When nobody spoke.
class Silences {
  public:
    void see(const Seen& seen, bool window_closed, Findings& into);
    void finish(Duration end, bool over, Findings& into);

  private:
    struct One {
        Duration length{};
        Mark after;
        Side last = Side::client;
        std::uint64_t bytes = 0;
        Side broke = Side::client;
        std::uint8_t flags = 0;
        bool at_end = false;
    };
    void keep(const One& one);
    void tell_idle(Findings& into);

    Mark progress_;
    Side last_ = Side::client;
    std::uint64_t bytes_ = 0;
    bool busy_ = false;  ///< something was sent again, or a window was closed, since
    std::array<One, 3> longest_{};
    // A packet after a long idle time that gets no answer.
    Duration last_packet_{};
    bool begun_ = false;
    Mark idle_;
    Duration idle_length_{};
    Side asks_ = Side::client;
    std::uint32_t asked_ = 0;
    bool refused_ = false;
};

}  // namespace ghostpeer::capture
