// Where requests from other threads come to the engine's thread, which answers them bit by bit.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/wire/time.hpp"
#include "posix/file_descriptor.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

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
  public:
    /// At once; what comes then is refused.
    static constexpr std::size_t most_tasks = 256;

    Desk();

    enum class Outcome : std::uint8_t { done, closed, full };
    /// From any thread but the engine's: waits until the task is done, or the desk is closed.
    [[nodiscard]] Outcome run(Step step);

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
        bool over = false;
    };

    void wake() const noexcept;

    FileDescriptor wake_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Task*> arrived_;  ///< guarded, as are `Task::over` and `closed_`
    std::size_t waiting_ = 0;    ///< guarded: all tasks
    bool closed_ = false;
    std::deque<Task*> ready_;    ///< of the engine's thread, as is what follows
    std::deque<Task*> resting_;  ///< until news or an instant
    std::deque<Task*> done_;     ///< until `answer`
    bool news_ = false;
};

}  // namespace ghostpeer::control
