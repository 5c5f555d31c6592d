#include "run/run_loop.hpp"

#include "loop/last_resort.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace ghostpeer::run {
namespace {

using namespace std::chrono_literals;

constexpr Duration flush_interval = 50ms;
constexpr int retry_flush_ms = 20;
constexpr int most_reads = 64;           ///< before timers and signals have their turn
constexpr Duration longest_turn = 20ms;  ///< likewise
constexpr int reads_of_a_queue = 3;      ///< so many in a row are no answers to answers
constexpr std::size_t most_at_once = 16;

}  // namespace

RunLoop::RunLoop(const Parts& parts)
    : parts_(parts), timer_(parts.clock), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(parts_.link.poll_fd());
    if (parts_.sandbox != nullptr) {
        watch(parts_.sandbox->status_fd());
    }
    watch(parts_.signals.fd());
    watch(timer_.fd());
    if (parts_.sockets.active()) {
        watch(parts_.sockets.fd());
    }
    watch(parts_.relay.fd());
    if (parts_.dialler != nullptr) {
        watch(parts_.dialler->fd());
    }
    for (const loop::Part* attendant : parts_.attendants) {
        if (attendant->fd() >= 0) {
            watch(attendant->fd());
        }
    }
}

std::optional<Instant> RunLoop::next_fire() const {
    return fires_.empty() ? std::nullopt : std::optional(fires_.back().first);
}

void RunLoop::fire_commands(Instant now) {
    while (!fires_.empty() && fires_.back().first <= now) {
        const std::string command = std::move(fires_.back().second);
        fires_.pop_back();
        if (parts_.engine.fire(command, now) == 0) {
            parts_.sinks.notice(now, "command",
                                "The command `" + command +
                                    "` was fired, but no open "
                                    "connection waits for it.");
        }
    }
}

RunLoop::~RunLoop() {
    if (epoll_ >= 0) {
        close(epoll_);
    }
}

void RunLoop::watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (fd >= 0 && epoll_ >= 0 && epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) {
        return;
    }
    // Without one of them it would wait for ever, or never.
    const int error = errno;
    rlimit files{};
    problem_ = fd >= 0 && epoll_ >= 0
                   ? fmt::format("ghostpeer cannot watch what it waits for (epoll_ctl): {}.",
                                 std::strerror(error))
                   : fmt::format(
                         "ghostpeer may not open as many files as it needs. Raise the "
                         "limit ('ulimit -n'), which is {}.",
                         getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 0);
}

Outcome RunLoop::run() {
    const Instant begin = parts_.clock.now();
    if (parts_.timeout) {
        timeout_at_ = begin + *parts_.timeout;
        last_resort::arm(*parts_.timeout + last_resort::patience, last_resort::Cause::timeout);
    }
    for (const setup::Fire& fire : parts_.fires) {
        fires_.emplace_back(begin + fire.at, fire.command);
    }
    std::stable_sort(fires_.begin(), fires_.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    last_resort::doing("packets and signals are waited for");
    deliver();  // what was begun before, such as the SYNs of a served client
    while (!outcome_.exit && !outcome_.failure && !over_) {
        wait();
    }
    if (outcome_.ended == judge::Ended::command || outcome_.ended == judge::Ended::finish) {
        last_resort::arm(last_resort::patience_with_readers, last_resort::Cause::over);
    } else {
        last_resort::put_off();
    }
    drain_link();
    return outcome_;
}

void RunLoop::wait() {
    Instant next = Instant::max();
    for (const auto& deadline :
         {parts_.engine.next_deadline(), timeout_at_, kill_at_, ending_ ? std::nullopt : rest_at_,
          parts_.sockets.next(), next_fire(), parts_.relay.next_deadline(),
          parts_.dialler != nullptr ? parts_.dialler->next() : std::nullopt}) {
        next = std::min(next, deadline.value_or(Instant::max()));
    }
    for (const loop::Part* attendant : parts_.attendants) {
        next = std::min(next, attendant->next_deadline().value_or(Instant::max()));
    }
    if (!watch_awake(next)) {
        sleep(next);
    }
    handle_time();
}

bool RunLoop::watch_awake(Instant next) {
    if (!parts_.watchful || link_gone_ || !busy_poll_.may_begin()) {
        return false;
    }
    const Instant began = parts_.clock.now();
    const Instant until = busy_poll_.until(began, next);
    for (Instant now = began; now < until; now = parts_.clock.now()) {
        if (handle_packets()) {
            busy_poll_.packet_after(now - began);
            if (now - flushed_at_ > flush_interval) {
                parts_.sinks.flush();
                flushed_at_ = now;
            }
            return true;
        }
        // A real server may be as near as the program.
        if (parts_.relay.busy() && handle_relay()) {
            busy_poll_.packet_after(now - began);
            return true;
        }
        // Who else wants this processor may be the one that is waited for.
        sched_yield();
    }
    const Instant now = parts_.clock.now();
    busy_poll_.over(now - began);
    return now >= next;
}

void RunLoop::sleep(Instant next) {
    const Instant began = parts_.clock.now();
    const Instant wake = parts_.watchful ? busy_poll_.wake_for(began, next) : next;
    if (next != Instant::max()) {
        timer_.arm(wake);
    }
    std::array<epoll_event, 8> ready{};
    int n = 0;
    if (!parts_.sinks.empty()) {
        n = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 0);
        const Instant now = parts_.clock.now();
        if (n == 0 || now - flushed_at_ > flush_interval) {
            parts_.sinks.flush();
            flushed_at_ = now;
        }
    }
    if (n == 0) {
        n = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                       parts_.sinks.pending() ? retry_flush_ms : -1);
    }
    for (int i = 0; i < n; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        if (fd == parts_.link.poll_fd()) {
            if (handle_packets()) {
                busy_poll_.packet_after(parts_.clock.now() - began);
            }
        } else if (parts_.sandbox != nullptr && fd == parts_.sandbox->status_fd()) {
            take_exit();
        } else if (fd == parts_.signals.fd()) {
            handle_signals();
        } else if (fd == timer_.fd()) {
            timer_.expired();
            // One that was set before may go off earlier.
            if (const Instant now = parts_.clock.now(); now > wake) {
                busy_poll_.woken_late(now - wake);
            }
        } else if (parts_.sockets.active() && fd == parts_.sockets.fd()) {
            parts_.sockets.answered(parts_.clock.now());
        } else if (fd == parts_.relay.fd()) {
            handle_relay();
        } else if (parts_.dialler != nullptr && fd == parts_.dialler->fd()) {
            parts_.dialler->on_readable(parts_.engine, parts_.clock.now());
        } else {
            for (loop::Part* attendant : parts_.attendants) {
                if (attendant->fd() == fd) {
                    attend(*attendant);
                }
            }
        }
    }
}

bool RunLoop::handle_packets() {
    bool any = false;
    std::optional<Instant> began;
    Duration spent{};
    for (int reads = 0; reads < most_reads && spent < longest_turn; ++reads) {
        batch_.clear();
        sent_ = false;
        link::ReceiveStatus status = parts_.link.receive(batch_);
        expect_from(0);
        if (reads >= reads_of_a_queue) {
            read_more(status);
        }
        any = any || !batch_.empty();
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            const Instant now = parts_.clock.now();
            began = began.value_or(now);
            spent = now - *began;
            const event::EventId segment =
                parts_.engine.on_packet(batch_[i], now, i + 1 < batch_.size());
            if (!parts_.sinks.empty()) {
                parts_.sinks.record(
                    {now, 0, 0, event::Packet{event::Direction::in, batch_[i], segment}});
            }
            deliver();
        }
        serve_relay();
        if (parts_.sockets.active() && !batch_.empty()) {
            parts_.sockets.packets_came(parts_.clock.now());
        }
        using Kind = link::ReceiveStatus::Kind;
        if (status.kind == Kind::closed || status.kind == Kind::failed) {
            lose_link();
        }
        // An answer brings the next packet at once, as a SYN-ACK does the ACK; where nothing was
        // answered, to look again would most often be a system call for nothing.
        if (status.kind != Kind::more || !sent_) {
            break;
        }
    }
    return any;
}

void RunLoop::read_more(link::ReceiveStatus& status) {
    // Packets queue up: with some of them at hand connections are fetched ahead of their turn.
    while (status.kind == link::ReceiveStatus::Kind::more && batch_.size() < most_at_once) {
        const std::size_t before = batch_.size();
        status = parts_.link.receive(batch_);
        expect_from(before);
    }
}

void RunLoop::expect_from(std::size_t first) {
    for (std::size_t i = first; i < batch_.size(); ++i) {
        parts_.engine.expect(batch_[i]);
    }
}

void RunLoop::lose_link() {
    if (link_gone_) {
        return;
    }
    link_gone_ = true;
    epoll_ctl(epoll_, EPOLL_CTL_DEL, parts_.link.poll_fd(), nullptr);
    if (parts_.sandbox == nullptr) {
        outcome_.failure = "the link is gone (" + parts_.link.describe() + "): nothing arrives.";
        return;
    }
    // Without its interface COMMAND's network is dead; COMMAND itself may still have an end.
    parts_.sinks.notice(parts_.clock.now(), "link",
                        "The link to COMMAND is gone; nothing arrives "
                        "any more.");
}

void RunLoop::deliver() {
    parts_.engine.take_packets(emissions_);
    const bool burst = emissions_.size() > 1;
    sent_ = sent_ || !emissions_.empty();
    if (burst) {
        parts_.link.begin_burst();
    }
    undelivered_.clear();
    for (std::size_t i = 0; i < emissions_.size(); ++i) {
        if (!parts_.link.send(emissions_[i].packet)) {
            undelivered_.push_back(i);
        }
    }
    if (burst) {
        // The link knows only now what became of those that it has held back.
        const auto lost = parts_.link.end_burst();
        undelivered_.insert(undelivered_.end(), lost.begin(), lost.end());
        std::sort(undelivered_.begin(), undelivered_.end());
    }
    if (!undelivered_.empty() || (!emissions_.empty() && !parts_.sinks.empty())) {
        tell_departures();
    }
    emissions_.clear();
    parts_.engine.take_events(events_);
    if (!parts_.sinks.empty()) {
        for (event::Event& event : events_) {
            parts_.sinks.record(std::move(event));
        }
    }
    events_.clear();
}

void RunLoop::tell_departures() {
    const Instant now = parts_.clock.now();
    auto lost = undelivered_.begin();
    for (std::size_t i = 0; i < emissions_.size(); ++i) {
        if (lost != undelivered_.end() && *lost == i) {
            ++lost;
            parts_.engine.undelivered(emissions_[i], now);
        } else {
            parts_.sinks.record({now, 0, 0,
                                 event::Packet{event::Direction::out, emissions_[i].packet,
                                               emissions_[i].segment}});
        }
    }
}

void RunLoop::handle_time() {
    const Instant now = parts_.clock.now();
    const auto deadline = parts_.engine.next_deadline();
    const bool due = deadline && *deadline <= now;
    if (due) {
        parts_.engine.on_time(now);
    }
    fire_commands(now);
    if (const auto late = parts_.relay.next_deadline(); late && *late <= now) {
        handle_relay();
    }
    if (parts_.dialler != nullptr) {
        parts_.dialler->on_time(now);
    }
    sent_ = false;
    deliver();
    if (due && sent_) {
        busy_poll_.met_deadline(now);
    }
    serve_relay();
    for (loop::Part* attendant : parts_.attendants) {
        if (const auto next = attendant->next_deadline(); next && *next <= now) {
            attend(*attendant);
        }
    }
    if (parts_.engine.finished() && !ending_) {
        finish_when_at_rest(now);
    }
    if (timeout_at_ && *timeout_at_ <= now) {
        timeout_at_.reset();
        // Whoever was stopped, or had much to do, looks late: COMMAND may have ended long since.
        if (parts_.sandbox != nullptr && !outcome_.exit) {
            take_exit();
        }
        if (!ending_ && !outcome_.exit) {
            begin_end(judge::Ended::timeout, now);
        }
    }
    if (kill_at_ && *kill_at_ <= now) {
        force_end(now);
    }
    parts_.sockets.on_time(now);
}

void RunLoop::attend(loop::Part& attendant) {
    attendant.attend(parts_.clock.now());
    deliver();
    serve_relay();
    attendant.delivered();
    if (auto failure = attendant.failure(); failure && !outcome_.failure) {
        outcome_.failure = std::move(failure);
    }
}

bool RunLoop::handle_relay() {
    const bool any = parts_.relay.handle(parts_.clock.now());
    if (any) {
        deliver();
        serve_relay();
        tell_notices();
    }
    return any;
}

void RunLoop::serve_relay() {
    if (parts_.engine.has_requests()) {
        parts_.relay.carry_out(parts_.clock.now());
        deliver();
        tell_notices();
    }
}

void RunLoop::tell_notices() {
    for (event::Notice& notice : parts_.relay.take_notices()) {
        parts_.sinks.notice(parts_.clock.now(), notice.what, std::move(notice.text));
    }
}

}  // namespace ghostpeer::run
