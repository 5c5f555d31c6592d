// Where requests from another thread come to the engine's thread, which answers them bit by bit.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/wire/time.hpp"
#include "posix/file_descriptor.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include <tl/expected.hpp>

namespace ghostpeer::control {

/// What becomes of a task after a step.
struct Turn {
    enum class Next : std::uint8_t {
        done,
        again,  ///< there is more to do
        news,   ///< once something has happened, or at `until`
        rest,   ///< at `until`
    };
    Next next = Next::done;
    Instant until = Instant::max();
};

/// A part of a task, short enough not to delay a segment: some hundred microseconds at most.
using Step = std::function<Turn(peer::Engine&, Instant)>;

class Desk {
  private:
    struct Task;

  public:
    /// At once; what comes then is refused.
    static constexpr std::size_t most_tasks = 256;

    Desk();

    enum class Outcome : std::uint8_t { done, closed, full };
    /// From any thread but the engine's: waits until the task is done, or the desk is closed.
    [[nodiscard]] Outcome run(Step step);

    /// A task that nobody stands and waits for. It is forgotten with its ticket.
    class Ticket {
      public:
        Ticket(Desk& desk, std::shared_ptr<Task> task) : desk_(&desk), task_(std::move(task)) {}
        Ticket(Ticket&&) noexcept = default;
        Ticket& operator=(Ticket&&) = delete;
        Ticket(const Ticket&) = delete;
        Ticket& operator=(const Ticket&) = delete;
        ~Ticket();

        /// Nothing: it is not over.
        [[nodiscard]] std::optional<Outcome> outcome() const;

      private:
        Desk* desk_;
        std::shared_ptr<Task> task_;
    };
    /// From any thread. The error: why the desk does not take it.
    [[nodiscard]] tl::expected<Ticket, Outcome> submit(Step step);
    /// Called in the engine's thread when tasks of tickets are over. Set before the first of them.
    void tell_with(std::function<void()> tell) { tell_ = std::move(tell); }

    // The engine's thread -------------------------------------------------------------------------

    /// Readable while there is something to do.
    [[nodiscard]] int fd() const noexcept { return wake_.get(); }
    /// Something has happened: tasks that wait for news have a look at it with the next `serve`.
    void news() noexcept { news_ = true; }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;
    /// Some steps. Whoever waits for a task that they ended is told by `answer`.
    void serve(peer::Engine& engine, Instant now);
    /// What the steps led to has left and was told: an answer never overtakes the segments that it
    /// speaks of.
    void answer();
    /// Nothing is served any more; who waits is told.
    void close();

  private:
    struct Task {
        Step step;
        Turn turn{Turn::Next::again, {}};
        bool over = false;  ///< guarded
        std::atomic<bool> abandoned = false;
    };
    using Tasks = std::deque<std::shared_ptr<Task>>;

    [[nodiscard]] std::optional<Outcome> take(const std::shared_ptr<Task>& task);
    void drop_abandoned();
    void wake() const noexcept;

    FileDescriptor wake_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::function<void()> tell_;
    Tasks arrived_;            ///< guarded
    std::size_t waiting_ = 0;  ///< guarded: all tasks
    bool closed_ = false;      ///< guarded
    std::atomic<bool> some_abandoned_ = false;
    Tasks ready_;    ///< of the engine's thread, as is what follows
    Tasks resting_;  ///< until news or an instant
    Tasks done_;     ///< until `answer`
    bool news_ = false;
};

}  // namespace ghostpeer::control
