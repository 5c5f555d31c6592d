// What a connection hands back: effects are return values, nothing calls backwards.
#pragma once

#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstdint>
#include <vector>

namespace ghostpeer::tcp {

/// A segment that the endpoint wants to send, and why. Its addresses, ports and IP fields are
/// left to the caller: a connection does not know them.
struct Reply {
    wire::Segment segment;
    Reason reason = Reason::ack;
    bool retransmission = false;
};

struct StateChange {
    State from = State::closed;
    State to = State::closed;
};

/// Everything that one call brought about, in order within each list. The caller clears it.
struct Output {
    std::vector<Reply> replies;
    std::vector<StateChange> changes;
    /// Payload bytes within the window that found no room (`Config::most_unread`, `memory`).
    std::uint64_t refused = 0;

    void clear() noexcept {
        replies.clear();
        changes.clear();
        refused = 0;
    }
};

}  // namespace ghostpeer::tcp
