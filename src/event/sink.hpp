// Where the events of a run go: the trace, the event stream, the packet capture.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <optional>
#include <string>

namespace ghostpeer::event {

/// A receiver of everything that a run shows. Writing never fails towards the caller and blocks
/// for a bounded time only: a full disk or a closed pipe must not change the run.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    virtual void record(const Event& event) = 0;

    /// Hands what is buffered to the kernel, as far as it takes it without waiting. The run loop
    /// calls it when it has nothing to do, and at least every 50 ms while there are events.
    virtual void flush() {}
    /// `flush` left something behind because the reader is slow; call it again soon.
    [[nodiscard]] virtual bool pending() const { return false; }
    /// Writes the rest; waits up to a second for a slow reader. Call it before `lost` at the end.
    virtual void finish() {}
    /// A sentence about what could not be written; nothing where all was.
    [[nodiscard]] virtual std::optional<std::string> lost() const { return std::nullopt; }
    /// Programs read what it writes.
    [[nodiscard]] virtual bool vital() const { return false; }
};

}  // namespace ghostpeer::event
