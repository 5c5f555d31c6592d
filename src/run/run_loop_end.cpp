// How the run loop comes to its end: signals, COMMAND's end, the last packets.
#include "loop/last_resort.hpp"
#include "run/run_loop.hpp"

#include "process/blocked.hpp"
#include "process/tree.hpp"

#include <poll.h>
#include <algorithm>
#include <csignal>

namespace ghostpeer::run {
namespace {

using namespace std::chrono_literals;

constexpr Duration grace = 1s;    ///< between SIGTERM and SIGKILL
constexpr Duration step = 200ms;  ///< for SIGKILL to be seen to have worked
constexpr Duration longest_drain = 300ms;
constexpr Duration longest_goodbye = 50ms;
constexpr Duration longest_work = 1s;  ///< of COMMAND, after `finish`
constexpr Duration between_looks = 5ms;
constexpr int enough_rest = 2;  ///< looks in a row: between two steps it may wait, too

}  // namespace

void RunLoop::begin_end(judge::Ended why, Instant now) {
    last_resort::put_off();
    ending_ = true;
    outcome_.ended = why;
    conclude(now);
    if (parts_.sandbox == nullptr) {
        over_ = true;
        return;
    }
    if (why != judge::Ended::finish) {
        look_at_command();
    }
    parts_.sandbox->signal_all(SIGTERM);
    // A stopped process takes a SIGTERM only once it goes on.
    parts_.sandbox->signal_all(SIGCONT);
    kill_at_ = now + grace;
}

void RunLoop::finish_when_at_rest(Instant now) {
    if (rest_at_ && now < *rest_at_) {
        return;
    }
    rest_by_ = rest_by_.value_or(now + longest_work);
    // In virtual time none passes while COMMAND works.
    const bool may_work = parts_.watchful && parts_.sandbox != nullptr && now < *rest_by_;
    if (may_work) {
        const bool works = process::at_work(processes_of_command());
        found_at_rest_ = works ? 0 : found_at_rest_ + 1;
    }
    if (may_work && found_at_rest_ < enough_rest) {
        rest_at_ = now + between_looks;
        return;
    }
    rest_at_.reset();
    begin_end(judge::Ended::finish, now);
}

void RunLoop::force_end(Instant now) {
    last_resort::put_off();
    kill_at_ = now + step;
    switch (++force_) {
        case 1: parts_.sandbox->signal_all(SIGKILL); break;
        // The helper passes SIGKILL on, unless somebody has stopped it.
        case 2: parts_.sandbox->kill_helper(); break;
        default:
            // Somebody traces it, or the kernel does not let go of it: the run ends all the same.
            outcome_.exit = event::Exit{};
            outcome_.exit->signal = SIGKILL;
            over_ = true;
            break;
    }
}

void RunLoop::handle_signal_alone(int number, Instant now) {
    const auto takes = [&](loop::Part* attendant) { return attendant->signal(number, now); };
    const bool taken = std::any_of(parts_.attendants.begin(), parts_.attendants.end(), takes);
    deliver();
    serve_relay();
    if (!taken &&
        (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)) {
        outcome_.signal = number;
        begin_end(judge::Ended::signal, now);
    }
}

void RunLoop::handle_signals() {
    while (const auto received = parts_.signals.next()) {
        const int number = received->number;
        const Instant now = parts_.clock.now();
        if (parts_.sandbox == nullptr) {
            handle_signal_alone(number, now);
            continue;
        }
        if (received->out_of_time && !parts_.watchful) {
            if (!ending_) {
                begin_end(judge::Ended::wall_timeout, now);
            }
            continue;
        }
        if (number == SIGTERM || number == SIGHUP) {
            conclude(now);
        }
        if (number == SIGTERM || number == SIGHUP || number == SIGINT || number == SIGQUIT) {
            look_at_command();
        }
        if (!received->from_terminal) {
            parts_.sandbox->signal(number);
        }
        if (number == SIGINT || number == SIGQUIT) {
            // COMMAND may well live on after a Ctrl-C; who presses it three times means it.
            constexpr unsigned insistent = 3;
            if (++interrupts_ < insistent) {
                continue;
            }
        } else if (number != SIGTERM && number != SIGHUP) {
            continue;
        }
        if (!ending_) {
            ending_ = true;
            outcome_.ended = judge::Ended::signal;
            outcome_.signal = number;
            kill_at_ = now + grace;
        }
    }
}

void RunLoop::conclude(Instant now) {
    if (!concluded_) {
        concluded_ = true;
        outcome_.concluded = now;
        parts_.sockets.look_once_more(now);
        parts_.engine.conclude(now);
    }
}

std::vector<pid_t> RunLoop::processes_of_command() const {
    auto processes = process::descendants_of(parts_.sandbox->helper());
    processes.erase(std::remove(processes.begin(), processes.end(), overlooked_), processes.end());
    return processes;
}

void RunLoop::look_at_command() {
    // Of several signals the first finds COMMAND as it was.
    if (outcome_.waits.empty()) {
        const auto processes = processes_of_command();
        // To find them may have taken longer than what is to be told.
        outcome_.looked = parts_.clock.now();
        outcome_.waits = process::look_at(processes);
        outcome_.attempts_then = parts_.engine.attempts();
    }
}

void RunLoop::take_exit() {
    const auto status = parts_.sandbox->poll_exit();
    if (!status) {
        return;
    }
    constexpr int helper_killed = 2;
    if (status->helper_lost && force_ < helper_killed) {
        outcome_.failure =
            "the helper process that holds COMMAND's namespaces was killed from outside, and "
            "COMMAND with it.";
    }
    event::Exit exit;
    if (status->signaled) {
        exit.signal = status->value;
    } else {
        exit.status = status->value;
    }
    outcome_.exit = exit;
    outcome_.exited = parts_.clock.now();
    // Those whose parent has ended are the helper's own (it is the init of their namespace).
    for (const pid_t process : process::children_of(parts_.sandbox->helper())) {
        if (process == overlooked_) {
            continue;
        }
        if (auto name = process::name_of_living(process)) {
            outcome_.left_behind.push_back(std::move(*name));
        }
    }
}

void RunLoop::drain_link() {
    // What COMMAND's kernel sent at its end waits in the link; answers to it may bring more.
    const Instant end = parts_.clock.now() + longest_drain;
    while (!link_gone_ && parts_.clock.now() < end) {
        handle_packets();
        if (!batch_.empty()) {
            continue;
        }
        // The peer's own farewell may still be on its way.
        const auto departure = parts_.engine.next_departure();
        if (!departure) {
            break;
        }
        const Duration left = *departure - parts_.clock.now();
        pollfd ready{parts_.link.poll_fd(), POLLIN, 0};
        poll(&ready, 1,
             static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(
                                  std::clamp(left, Duration::zero(), longest_drain))
                                  .count()));
        parts_.engine.on_time(parts_.clock.now());
        deliver();
    }
    // A real server that has been told of COMMAND's end has an end of its own to tell.
    const Instant last = parts_.clock.now() + longest_goodbye;
    for (Instant now = parts_.clock.now(); now < last && parts_.relay.awaits_end();
         now = parts_.clock.now()) {
        pollfd ready{parts_.relay.fd(), POLLIN, 0};
        poll(&ready, 1, 1);
        handle_relay();
        handle_packets();
    }
    deliver();
    conclude(parts_.clock.now());
}

}  // namespace ghostpeer::run
