#include "control/desk.hpp"

#include <sys/eventfd.h>
#include <algorithm>
#include <utility>

namespace ghostpeer::control {
namespace {

constexpr int steps_at_once = 4;

}  // namespace

Desk::Desk() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Desk::Outcome Desk::run(Step step) {
    Task task{std::move(step)};
    std::unique_lock lock(mutex_);
    if (closed_ || waiting_ >= most_tasks) {
        return closed_ ? Outcome::closed : Outcome::full;
    }
    ++waiting_;
    arrived_.push_back(&task);
    wake();
    changed_.wait(lock, [&] { return task.over || closed_; });
    // The engine's thread does not touch a task that is over, nor any once the desk is closed.
    return task.over ? Outcome::done : Outcome::closed;
}

void Desk::wake() const noexcept { eventfd_write(wake_.get(), 1); }

std::optional<Instant> Desk::next_deadline() const noexcept {
    std::optional<Instant> next;
    for (const Task* task : resting_) {
        const bool now = news_ && task->turn.next == Turn::Next::news;
        const Instant until = now ? run_start : task->turn.until;
        next = std::min(next.value_or(until), until);
    }
    return next;
}

void Desk::serve(peer::Engine& engine, Instant now) {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return;
        }
        ready_.insert(ready_.end(), arrived_.begin(), arrived_.end());
        arrived_.clear();
    }
    std::erase_if(resting_, [&](Task* task) {
        const bool due = task->turn.until <= now || (news_ && task->turn.next == Turn::Next::news);
        if (due) {
            ready_.push_back(task);
        }
        return due;
    });
    news_ = false;
    for (int step = 0; step < steps_at_once && !ready_.empty(); ++step) {
        Task* const task = ready_.front();
        ready_.pop_front();
        task->turn = task->step(engine, now);
        switch (task->turn.next) {
            case Turn::Next::done: done_.push_back(task); break;
            case Turn::Next::again: ready_.push_back(task); break;
            case Turn::Next::news:
            case Turn::Next::rest: resting_.push_back(task); break;
        }
    }
    if (!ready_.empty()) {
        wake();
    }
}

void Desk::answer() {
    if (done_.empty()) {
        return;
    }
    const std::lock_guard lock(mutex_);
    for (Task* task : done_) {
        task->over = true;
        --waiting_;
    }
    done_.clear();
    changed_.notify_all();
}

void Desk::close() {
    answer();
    const std::lock_guard lock(mutex_);
    closed_ = true;
    arrived_.clear();
    ready_.clear();
    resting_.clear();
    changed_.notify_all();
}

}  // namespace ghostpeer::control
