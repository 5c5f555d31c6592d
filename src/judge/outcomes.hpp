// How connections ended on the program's side: from the wire, and from the kernel's own view.
#pragma once

#include "ghostpeer/event/tally.hpp"
#include "judge/expectation.hpp"
#include "judge/given_up.hpp"
#include "judge/socket_view.hpp"

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace ghostpeer::judge {

class Witness;

/// What is known of one connection's end. What passed is filled in at the end of the run; until
/// then it is known as far as expectations have it looked at.
struct OutcomeRecord : event::Trail {
    event::ConnectionId connection = 0;
    std::uint32_t attempt = 0;
    wire::Flow flow;
    bool dialled = false;
    const Witness* witness = nullptr;  ///< whose expectations it is for; null: nobody's
    // The kernel.
    bool known = false;                     ///< it named the socket at some time
    bool listed = false;                    ///< and does so now
    bool gone = false;                      ///< and does not any more
    bool time_wait = false;                 ///< was in TIME-WAIT
    bool connected = false;                 ///< was further than SYN-SENT and SYN-RECEIVED
    tcp::State state = tcp::State::closed;  ///< the last one that it told
    Instant last_seen{};
    Instant gone_by{};                 ///< when it was missed first
    std::optional<Instant> due;        ///< of the timer, as of `last_seen`
    std::optional<Instant> destroyed;  ///< the kernel freed the socket
    bool retried = true;               ///< which had sent something in vain, as far as known
    /// How many sockets the kernel had given up when this one was last known to be alive, and when
    /// it was first known not to be.
    std::optional<std::uint64_t> aborts_before;
    std::optional<std::uint64_t> aborts_by;
    /// When what `within` counts from came up, by the expectation's index.
    std::vector<std::pair<std::size_t, Instant>> references;

    /// What comes up then cannot be before the end.
    [[nodiscard]] bool over(Instant at) const noexcept;
    [[nodiscard]] std::optional<Instant> reference(std::size_t expectation) const;
    void refer(std::size_t expectation, bool of_first, Instant now);
};

/// What may be said of all of them.
struct Inquiry {
    /// The kernel was asked for all sockets then: one that it did not list is gone.
    std::optional<Instant> complete;
    /// The sockets were looked at so often that one which was never listed was gone at once.
    bool watched = false;
};

/// How the program's side ended.
[[nodiscard]] ProgramEnd program_end(const OutcomeRecord& record, const Inquiry& inquiry,
                                     GivenUp given_up);

class Outcomes {
  public:
    void add(OutcomeRecord&& record);
    /// Null where nobody follows it.
    [[nodiscard]] OutcomeRecord* of(event::ConnectionId connection);
    /// What passed between the peer and the program.
    void take(event::ConnectionId connection, const event::Trail& trail);
    [[nodiscard]] const std::vector<OutcomeRecord>& all() const noexcept { return records_; }

    void on_socket(const SocketView& view, Instant now);
    void on_destroyed(const DestroyedSocket& socket, Instant now);
    /// The kernel has listed every socket that there is.
    void complete(Instant now) noexcept { complete_ = now; }
    /// The kernel counts the sockets that it gives up, and so many they are.
    void count_aborts(std::optional<std::uint64_t> aborts) noexcept;

    /// By the index of `all`.
    [[nodiscard]] std::vector<ProgramEnd> judge(bool watched) const;

  private:
    [[nodiscard]] OutcomeRecord* find(const wire::Flow& flow);

    std::vector<OutcomeRecord> records_;
    tsl::robin_map<event::ConnectionId, std::size_t> by_connection_;
    tsl::robin_map<wire::Flow, std::size_t, wire::FlowHash> by_flow_;  ///< the latest of each
    tsl::robin_map<std::uint16_t, std::size_t> by_port_;  ///< of the program, where it connected
    std::vector<Departed> strangers_;                     ///< sockets that no record is about
    std::optional<std::uint64_t> aborts_;
    std::optional<Instant> complete_;
};

}  // namespace ghostpeer::judge
