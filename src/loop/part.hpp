// What the run loop looks after beside packets, timers and COMMAND.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <optional>
#include <string>

namespace ghostpeer::loop {

/// A part of ghostpeer with a descriptor or a deadline of its own. After each call the loop sends
/// what the engine has to send, and tells what happened.
class Part {
  public:
    Part() = default;
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    virtual ~Part() = default;

    /// Readable (level-triggered) when `attend` has something to do; -1: never. Does not change;
    /// who has several descriptors gives an epoll instance.
    [[nodiscard]] virtual int fd() const noexcept { return -1; }
    /// When to call `attend` even if nothing is readable.
    [[nodiscard]] virtual std::optional<Instant> next_deadline() const noexcept { return {}; }
    /// Does what is ready and due, but not for long; called too early it does nothing.
    virtual void attend(Instant now) = 0;
    /// What that call led to has been sent and told.
    virtual void delivered() {}
    /// A signal came while there is no COMMAND. True: it is dealt with, and does not end the loop.
    [[nodiscard]] virtual bool signal(int /*number*/, Instant /*now*/) { return false; }
    /// Why the loop cannot go on, a complete sentence. Asked for after `attend`.
    [[nodiscard]] virtual std::optional<std::string> failure() const { return {}; }
};

}  // namespace ghostpeer::loop
