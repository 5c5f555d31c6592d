// How connections ended on the program's side: from the wire, and from the kernel's own view.
#pragma once

#include "ghostpeer/peer/expectation.hpp"
#include "ghostpeer/peer/statistics.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::peer {

/// What is known of one connection's end.
struct OutcomeRecord {
    ConnectionId connection = 0;
    std::uint32_t attempt = 0;
    wire::Flow flow;
    Ending ending = Ending::unanswered;  ///< as the peer saw it
    // The wire.
    std::optional<Instant> reset_left;        ///< the last RST of the peer
    std::optional<Instant> reset_came;        ///< the first RST of the program
    std::optional<Instant> last_reset_came;   ///< and the last
    std::optional<Instant> unreachable_left;  ///< the last ICMP error of the peer
    /// Probes and retransmissions of the program since the peer last said something.
    std::uint32_t unanswered = 0;
    // The kernel.
    bool listed = false;     ///< it named the socket at some time
    bool gone = false;       ///< and does not any more
    bool time_wait = false;  ///< was in TIME-WAIT
    /// Was further than SYN-SENT and SYN-RECEIVED, by its state or by what it sent.
    bool was_open = false;
    tcp::State state = tcp::State::closed;  ///< the last one that it told
    Instant last_seen{};
    Instant gone_by{};           ///< when it was missed first
    std::optional<Instant> due;  ///< of the timer, as of `last_seen`
};

/// How the program's side ended. `complete`: the kernel has been asked for all sockets at the end,
/// so that one which it never named is gone.
[[nodiscard]] profile::Outcome judge(const OutcomeRecord& record, bool complete);

class Outcomes {
  public:
    /// Follows a connection; nothing once there are too many.
    [[nodiscard]] std::optional<std::size_t> add(ConnectionId connection, std::uint32_t attempt,
                                                 const wire::Flow& flow);
    [[nodiscard]] OutcomeRecord& at(std::size_t index) { return records_[index]; }
    [[nodiscard]] const std::vector<OutcomeRecord>& all() const noexcept { return records_; }

    void on_socket(const SocketView& view, Instant now);
    /// The kernel has listed every socket that there is.
    void complete() noexcept { complete_ = true; }
    [[nodiscard]] bool is_complete() const noexcept { return complete_; }

  private:
    std::vector<OutcomeRecord> records_;
    tsl::robin_map<wire::Flow, std::size_t, wire::FlowHash> by_flow_;  ///< the latest of each
    bool complete_ = false;
};

}  // namespace ghostpeer::peer
