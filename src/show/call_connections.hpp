// Which connection a system call is about.
#pragma once

#include "event/sink.hpp"
#include "ghostpeer/event/call.hpp"
#include "show/flow_numbers.hpp"

#include <deque>
#include <string>
#include <unordered_map>

namespace ghostpeer::show {

/// A sink that is told of attempts, and is asked about calls.
class CallConnections final : public event::Sink {
  public:
    void record(const event::Event& event) override;

    /// 0: none that is known. By a socket's two ends; before it has them, or once the kernel tells
    /// them no more, by its inode, which connect() has made known.
    [[nodiscard]] event::ConnectionId of(const event::Call& call);

  private:
    struct Attempt {
        wire::Flow flow;
        event::ConnectionId connection = 0;
        Instant at{};
    };

    [[nodiscard]] event::ConnectionId of_annotation(std::string_view annotation) const;
    [[nodiscard]] event::ConnectionId of_connect(const event::Call& call);

    FlowNumbers by_flow_;
    std::unordered_map<std::string, event::ConnectionId> by_inode_;
    std::deque<Attempt> recent_;  ///< that no connect() was found for
};

}  // namespace ghostpeer::show
