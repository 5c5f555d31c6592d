#include "control/desk.hpp"

#include <sys/eventfd.h>
#include <algorithm>
#include <utility>

namespace ghostpeer::control {
namespace {

constexpr int steps_at_once = 4;

}  // namespace

Desk::Desk() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

std::optional<Desk::Outcome> Desk::take(const std::shared_ptr<Task>& task) {
    if (closed_ || waiting_ >= most_tasks) {
        return closed_ ? Outcome::closed : Outcome::full;
    }
    arrived_.push_back(task);
    ++waiting_;
    wake();
    return std::nullopt;
}

Desk::Outcome Desk::run(Step step) {
    const auto task = std::make_shared<Task>();
    task->step = std::move(step);
    std::unique_lock lock(mutex_);
    if (const auto refusal = take(task)) {
        return *refusal;
    }
    changed_.wait(lock, [&] { return task->over || closed_; });
    // The engine's thread does not touch a task that is over, nor any once the desk is closed.
    return task->over ? Outcome::done : Outcome::closed;
}

tl::expected<Desk::Ticket, Desk::Outcome> Desk::submit(Step step) {
    auto task = std::make_shared<Task>();
    task->step = std::move(step);
    const std::lock_guard lock(mutex_);
    if (const auto refusal = take(task)) {
        return tl::make_unexpected(*refusal);
    }
    return tl::expected<Ticket, Outcome>(tl::in_place, *this, std::move(task));
}

std::optional<Desk::Outcome> Desk::Ticket::outcome() const {
    const std::lock_guard lock(desk_->mutex_);
    if (task_->over) {
        return Outcome::done;
    }
    return desk_->closed_ ? std::optional(Outcome::closed) : std::nullopt;
}

Desk::Ticket::~Ticket() {
    if (task_ != nullptr) {
        task_->abandoned = true;
        desk_->some_abandoned_ = true;
        desk_->wake();
    }
}

void Desk::wake() const noexcept { eventfd_write(wake_.get(), 1); }

std::optional<Instant> Desk::next_deadline() const noexcept {
    std::optional<Instant> next;
    for (const auto& task : resting_) {
        const bool now = news_ && task->turn.next == Turn::Next::news;
        const Instant until = now ? run_start : task->turn.until;
        next = std::min(next.value_or(until), until);
    }
    return next;
}

void Desk::drop_abandoned() {
    const auto drop = [](Tasks& tasks) {
        return std::erase_if(tasks, [](const auto& task) { return task->abandoned.load(); });
    };
    const std::size_t dropped = drop(ready_) + drop(resting_);
    const std::lock_guard lock(mutex_);
    waiting_ -= dropped + drop(arrived_);
}

void Desk::serve(peer::Engine& engine, Instant now) {
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    if (some_abandoned_.exchange(false)) {
        drop_abandoned();
    }
    {
        const std::lock_guard lock(mutex_);
        if (closed_) {
            return;
        }
        ready_.insert(ready_.end(), arrived_.begin(), arrived_.end());
        arrived_.clear();
    }
    std::erase_if(resting_, [&](const std::shared_ptr<Task>& task) {
        const bool due = task->turn.until <= now || (news_ && task->turn.next == Turn::Next::news);
        if (due) {
            ready_.push_back(task);
        }
        return due;
    });
    news_ = false;
    for (int step = 0; step < steps_at_once && !ready_.empty(); ++step) {
        const auto task = std::move(ready_.front());
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
    {
        const std::lock_guard lock(mutex_);
        for (const auto& task : done_) {
            task->over = true;
            --waiting_;
        }
        changed_.notify_all();
    }
    done_.clear();
    if (tell_) {
        tell_();
    }
}

void Desk::close() {
    answer();
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        arrived_.clear();
        changed_.notify_all();
    }
    ready_.clear();
    resting_.clear();
    if (tell_) {
        tell_();
    }
}

}  // namespace ghostpeer::control
