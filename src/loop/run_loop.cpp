#include "loop/run_loop.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

namespace ghostpeer::loop {
namespace {

using namespace std::chrono_literals;

constexpr Duration flush_interval = 50ms;
constexpr int retry_flush_ms = 20;
constexpr Duration longest_drain = 300ms;
constexpr Duration longest_goodbye = 50ms;

// What epoll tells of; parts are counted on from the last.
constexpr std::uint64_t link_key = 0;
constexpr std::uint64_t timer_key = 1;
constexpr std::uint64_t first_part_key = 2;

}  // namespace

std::string too_few_files() {
    rlimit files{};
    return fmt::format(
        "ghostpeer may not open as many files as it needs. Raise the limit ('ulimit -n'), which is "
        "{}.",
        getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 0);
}

std::string cannot_watch(int error) {
    return fmt::format("ghostpeer cannot watch what it waits for (epoll_ctl): {}.",
                       std::strerror(error));
}

RunLoop::RunLoop(const World& world)
    : world_(world), timer_(world.clock), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(world_.link.poll_fd(), link_key);
    watch(timer_.fd(), timer_key);
}

void RunLoop::add(Part& part) {
    const std::uint64_t key = first_part_key + parts_.size();
    parts_.push_back(&part);
    if (part.follows_packets()) {
        followers_.push_back(&part);
    }
    if (auto why = part.failure()) {
        problem_ = std::move(why);
    } else if (part.fd() >= 0) {
        watch(part.fd(), key);
    }
}

void RunLoop::follow_packets(Part& part) {
    if (std::find(followers_.begin(), followers_.end(), &part) == followers_.end()) {
        followers_.push_back(&part);
    }
}

// Without one of them it would wait for ever, or never.
void RunLoop::watch(int fd, std::uint64_t key) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = key;
    if (fd < 0 || !epoll_) {
        problem_ = too_few_files();
    } else if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        problem_ = cannot_watch(errno);
    }
}

void RunLoop::run() {
    const Instant begin = world_.clock.now();
    for (Part* part : parts_) {
        part->begin(begin);
    }
    deliver();  // what was begun before, such as the SYNs of a served client
    while (!failure_ && !over_) {
        wait();
    }
}

void RunLoop::conclude(Instant now) {
    if (concluded_) {
        return;
    }
    concluded_ = true;
    for (Part* part : parts_) {
        part->conclude(now);
    }
    world_.engine.conclude(now);
    deliver();
}

void RunLoop::wait() {
    Instant next = world_.engine.next_deadline().value_or(Instant::max());
    for (const Part* part : parts_) {
        next = std::min(next, part->next_deadline().value_or(Instant::max()));
    }
    if (!watch_awake(next)) {
        sleep(next);
    }
    handle_time();
}

void RunLoop::flush(Instant now) {
    world_.sinks.flush();
    flushed_at_ = now;
}

bool RunLoop::watch_awake(Instant next) {
    if (!world_.watchful || link_gone_ || !busy_poll_.may_begin()) {
        return false;
    }
    const Instant began = world_.clock.now();
    const Instant until = busy_poll_.until(began, next);
    if (began < until) {
        lively_.clear();
        std::copy_if(parts_.begin(), parts_.end(), std::back_inserter(lively_),
                     [](const Part* part) { return part->lively(); });
    }
    for (Instant now = began; now < until; now = world_.clock.now()) {
        if (handle_packets()) {
            busy_poll_.packet_after(now - began);
            if (now - flushed_at_ > flush_interval) {
                flush(now);
            }
            return true;
        }
        // A real server may be as near as the program.
        if (std::any_of(lively_.begin(), lively_.end(),
                        [this](Part* part) { return attend(*part); })) {
            busy_poll_.packet_after(now - began);
            return true;
        }
        // Who else wants this processor may be the one that is waited for.
        sched_yield();
    }
    const Instant now = world_.clock.now();
    busy_poll_.over(now - began);
    return now >= next;
}

void RunLoop::sleep(Instant next) {
    const Instant began = world_.clock.now();
    const Instant wake = world_.watchful ? busy_poll_.wake_for(began, next) : next;
    if (next != Instant::max()) {
        timer_.arm(wake);
    }
    std::array<epoll_event, 8> ready{};
    constexpr int most = static_cast<int>(ready.size());
    int n = 0;
    if (!world_.sinks.empty()) {
        n = epoll_wait(epoll_.get(), ready.data(), most, 0);
        const Instant now = world_.clock.now();
        if (n == 0 || now - flushed_at_ > flush_interval) {
            flush(now);
        }
    }
    if (n == 0) {
        n = epoll_wait(epoll_.get(), ready.data(), most,
                       world_.sinks.pending() ? retry_flush_ms : -1);
    }
    for (int i = 0; i < n; ++i) {
        handle(ready[static_cast<std::size_t>(i)].data.u64, began, wake);
    }
}

void RunLoop::handle(std::uint64_t key, Instant began, Instant wake) {
    if (key == link_key) {
        if (handle_packets()) {
            busy_poll_.packet_after(world_.clock.now() - began);
        }
    } else if (key == timer_key) {
        timer_.expired();
        // One that was set before may go off earlier.
        if (const Instant now = world_.clock.now(); now > wake) {
            busy_poll_.woken_late(now - wake);
        }
    } else {
        attend(*parts_[key - first_part_key]);
    }
}

void RunLoop::handle_time() {
    const Instant now = world_.clock.now();
    const auto deadline = world_.engine.next_deadline();
    const bool due = deadline && *deadline <= now;
    if (due) {
        world_.engine.on_time(now);
    }
    sent_ = false;
    deliver();
    if (due && sent_) {
        busy_poll_.met_deadline(now);
    }
    carry_out_requests();
    for (Part* part : parts_) {
        if (const auto next = part->next_deadline(); next && *next <= now) {
            attend(*part);
        }
    }
}

bool RunLoop::attend(Part& part) {
    if (!part.attend(world_.clock.now())) {
        return false;
    }
    deliver();
    carry_out_requests();
    part.delivered();
    if (auto failure = part.failure(); failure && !failure_) {
        failure_ = std::move(failure);
    }
    over_ = over_ || part.over();
    return true;
}

void RunLoop::carry_out_requests() {
    if (world_.engine.has_requests()) {
        const Instant now = world_.clock.now();
        for (Part* part : parts_) {
            part->carry_out(now);
        }
        deliver();
        for (Part* part : parts_) {
            part->delivered();
        }
    }
}

void RunLoop::drain() {
    drain_link();
    wait_for_parts();
    deliver();
    conclude(world_.clock.now());
}

void RunLoop::drain_link() {
    // What COMMAND's kernel sent at its end waits in the link; answers to it may bring more.
    const Instant end = world_.clock.now() + longest_drain;
    while (!link_gone_ && world_.clock.now() < end) {
        handle_packets();
        if (!batch_.empty()) {
            continue;
        }
        // The peer's own farewell may still be on its way.
        const auto departure = world_.engine.next_departure();
        if (!departure) {
            break;
        }
        const Duration left = *departure - world_.clock.now();
        pollfd ready{world_.link.poll_fd(), POLLIN, 0};
        poll(&ready, 1,
             static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(
                                  std::clamp(left, Duration::zero(), longest_drain))
                                  .count()));
        world_.engine.on_time(world_.clock.now());
        deliver();
    }
}

void RunLoop::wait_for_parts() {
    // A real server that has been told of COMMAND's end has an end of its own to tell.
    const auto awaits = [](const Part* part) { return part->awaits_more(); };
    const Instant last = world_.clock.now() + longest_goodbye;
    auto part = std::find_if(parts_.begin(), parts_.end(), awaits);
    while (part != parts_.end() && world_.clock.now() < last) {
        pollfd ready{(*part)->fd(), POLLIN, 0};
        poll(&ready, 1, 1);
        attend(**part);
        handle_packets();
        part = std::find_if(parts_.begin(), parts_.end(), awaits);
    }
}

}  // namespace ghostpeer::loop
