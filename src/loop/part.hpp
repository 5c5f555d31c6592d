// What takes part in a run beside packets and the engine's timers.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <optional>
#include <string>

namespace ghostpeer::loop {

/// A part of ghostpeer with a descriptor or a deadline of its own. After each call that changes
/// something the loop sends what the engine has to send, and tells what happened. Nothing of this
/// is called for a packet by itself: a part that is not waited for costs three calls a turn.
class Part {
  public:
    Part() = default;
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;
    virtual ~Part() = default;

    // When it has its turn ------------------------------------------------------------------------

    /// Readable (level-triggered) when `attend` has something to do; -1: never. Does not change;
    /// who has several descriptors gives an epoll instance.
    [[nodiscard]] virtual int fd() const noexcept { return -1; }
    /// When to call `attend` even if nothing is readable.
    [[nodiscard]] virtual std::optional<Instant> next_deadline() const noexcept { return {}; }
    /// Is it as likely to have something to do soon as the link is? Then it is looked at as often,
    /// while the loop stays awake.
    [[nodiscard]] virtual bool lively() const noexcept { return false; }
    /// The loop begins: intervals count from here.
    virtual void begin(Instant /*now*/) {}
    /// Does what is ready and due, but not for long; called too early it does nothing. False:
    /// there was nothing to do.
    virtual bool attend(Instant now) = 0;
    /// What a call of `attend`, or of `carry_out` below, led to has been sent and told.
    virtual void delivered() {}

    // What it says of the run ---------------------------------------------------------------------

    /// Why the run cannot begin or go on, a complete sentence. Asked for once before it begins, and
    /// after `attend`.
    [[nodiscard]] virtual std::optional<std::string> failure() const { return {}; }
    /// The run has come to its end. Asked for after `attend`.
    [[nodiscard]] virtual bool over() const noexcept { return false; }
    /// The run is over, and this still waits for what belongs to it and is about to come.
    [[nodiscard]] virtual bool awaits_more() const noexcept { return false; }

    // What it hears of the run --------------------------------------------------------------------

    /// Does it want `packets_came`? Does not change.
    [[nodiscard]] virtual bool follows_packets() const noexcept { return false; }
    /// Some have come, and are dealt with.
    virtual void packets_came(Instant /*now*/) {}
    /// The engine has requests (peer/upstream.hpp): carries out those that are its own.
    virtual void carry_out(Instant /*now*/) {}
    /// The expectations will look no more after this.
    virtual void conclude(Instant /*now*/) {}
};

}  // namespace ghostpeer::loop
