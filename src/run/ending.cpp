#include "run/ending.hpp"

#include "loop/last_resort.hpp"
#include "process/socket_table.hpp"
#include "process/tree.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace ghostpeer::run {
namespace {

using namespace std::chrono_literals;

constexpr Duration grace = 1s;         ///< between SIGTERM and SIGKILL
constexpr Duration step = 200ms;       ///< for SIGKILL to be seen to have worked
constexpr Duration longest_work = 1s;  ///< of COMMAND, after `finish`
constexpr Duration between_looks = 5ms;
constexpr Duration shortest_between_looks = 20ms;  // at what COMMAND leaves behind
constexpr Duration longest_between_looks = 1s;
constexpr Duration longest_to_listen = 1s;  ///< of what COMMAND leaves behind
constexpr int enough_rest = 2;              ///< looks in a row: between two steps it may wait, too

[[nodiscard]] process::Traffic traffic_of(const peer::Engine& engine) {
    const peer::Counters& counters = engine.counters();
    const auto came = [&](tcp::Kind kind) {
        return counters.kinds.at(static_cast<std::size_t>(kind));
    };
    const auto left = [&](tcp::Reason reason) {
        return counters.reasons.at(static_cast<std::size_t>(reason));
    };
    process::Traffic traffic;
    traffic.probes = came(tcp::Kind::keepalive_probe) + came(tcp::Kind::window_probe);
    traffic.answers = left(tcp::Reason::keepalive_reply) + left(tcp::Reason::window_probe_reply);
    traffic.news = counters.packets_in + counters.packets_out - traffic.probes - traffic.answers;
    traffic.peer_is_due = engine.next_deadline().has_value();
    return traffic;
}

/// The run is over because all is done: what COMMAND was about does not matter.
[[nodiscard]] bool is_in_good_order(event::Ended ended) noexcept {
    return ended == event::Ended::finish || ended == event::Ended::run_for;
}

}  // namespace

Ending::Ending(const World& world) : world_(world), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(world_.signals.fd());
    if (world_.sandbox != nullptr) {
        watch(world_.sandbox->status_fd());
    }
}

void Ending::watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (fd < 0 || !epoll_) {
        failure_ = loop::too_few_files();
    } else if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        failure_ = loop::cannot_watch(errno);
    }
}

void Ending::begin(Instant now) {
    if (world_.timeout) {
        timeout_at_ = now + *world_.timeout;
        last_resort::arm(*world_.timeout + last_resort::patience, last_resort::Cause::timeout);
    }
    if (world_.run_for) {
        run_for_at_ = now + *world_.run_for;
    }
    if (world_.poll_timeout) {
        polling_.emplace(*world_.poll_timeout, now);
    }
}

std::optional<Instant> Ending::next_deadline() const noexcept {
    std::optional<Instant> next;
    const auto consider = [&](const std::optional<Instant>& at) {
        next = at ? std::min(next.value_or(Instant::max()), *at) : next;
    };
    consider(timeout_at_);
    consider(run_for_at_);
    if (daemon_) {
        consider(daemon_->look_at);
    }
    consider(kill_at_);
    if (polling_ && !ending_) {
        consider(polling_->next_look());
    }
    if (!ending_ && world_.engine.finished()) {
        consider(rest_at_.value_or(run_start));
    }
    return next;
}

bool Ending::attend(Instant now) {
    handle_signals();
    // Whoever was stopped, or had much to do, looks late: COMMAND may have ended long since.
    if (world_.sandbox != nullptr && !outcome_.exit) {
        take_exit();
    }
    if (daemon_ && daemon_->look_at <= now) {
        follow_daemon(now);
    }
    if (over()) {
        return true;
    }
    if (!ending_ && world_.engine.finished()) {
        finish_when_at_rest(now);
    }
    if (timeout_at_ && *timeout_at_ <= now) {
        timeout_at_.reset();
        if (!ending_) {
            begin_end(event::Ended::timeout, now);
        }
    }
    if (run_for_at_ && *run_for_at_ <= now) {
        run_for_at_.reset();
        if (!ending_) {
            begin_end(event::Ended::run_for, now);
        }
    }
    if (polling_ && !ending_ && polling_->next_look() <= now &&
        polling_->look(now, traffic_of(world_.engine), processes_of_command())) {
        begin_end(event::Ended::timeout, now);
    }
    if (kill_at_ && *kill_at_ <= now) {
        force_end(now);
    }
    return true;
}

void Ending::settled() const {
    if (outcome_.ended == event::Ended::command || is_in_good_order(outcome_.ended)) {
        last_resort::arm(last_resort::patience_with_readers, last_resort::Cause::over);
    } else {
        last_resort::put_off();
    }
}

void Ending::begin_end(event::Ended why, Instant now) {
    last_resort::put_off();
    ending_ = true;
    outcome_.ended = why;
    world_.loop.conclude(now);
    if (world_.sandbox == nullptr) {
        over_ = true;
        return;
    }
    if (!is_in_good_order(why)) {
        look_at_command();
    }
    world_.sandbox->signal_all(SIGTERM);
    // A stopped process takes a SIGTERM only once it goes on.
    world_.sandbox->signal_all(SIGCONT);
    kill_at_ = now + grace;
}

void Ending::handle_signal_alone(int number, Instant now) {
    const bool taken = takes_signal_ && takes_signal_(number, now);
    if (!taken &&
        (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)) {
        outcome_.signal = number;
        begin_end(event::Ended::signal, now);
    }
}

void Ending::finish_when_at_rest(Instant now) {
    if (rest_at_ && now < *rest_at_) {
        return;
    }
    rest_by_ = rest_by_.value_or(now + longest_work);
    // In virtual time none passes while COMMAND works.
    const bool may_work = !world_.virtual_time && world_.sandbox != nullptr && now < *rest_by_;
    if (may_work) {
        const bool works = process::at_work(processes_of_command());
        found_at_rest_ = works ? 0 : found_at_rest_ + 1;
    }
    if (may_work && found_at_rest_ < enough_rest) {
        rest_at_ = now + between_looks;
        return;
    }
    rest_at_.reset();
    begin_end(event::Ended::finish, now);
}

void Ending::force_end(Instant now) {
    last_resort::put_off();
    kill_at_ = now + step;
    switch (++force_) {
        case 1: world_.sandbox->signal_all(SIGKILL); break;
        // The helper passes SIGKILL on, unless somebody has stopped it.
        case 2: world_.sandbox->kill_helper(); break;
        default:
            if (daemon_) {
                over_ = true;
                break;
            }
            // Somebody traces it, or the kernel does not let go of it: the run ends all the same.
            outcome_.exit = event::Exit{};
            outcome_.exit->signal = SIGKILL;
            over_ = true;
            break;
    }
}

void Ending::handle_signals() {
    while (const auto received = over_ ? std::nullopt : world_.signals.next()) {
        const int number = received->number;
        const Instant now = world_.clock.now();
        if (world_.sandbox == nullptr) {
            handle_signal_alone(number, now);
            continue;
        }
        if (received->out_of_time && world_.virtual_time) {
            if (!ending_) {
                begin_end(event::Ended::wall_timeout, now);
            }
            continue;
        }
        if (number == SIGTERM || number == SIGHUP) {
            world_.loop.conclude(now);
        }
        if (number == SIGTERM || number == SIGHUP || number == SIGINT || number == SIGQUIT) {
            look_at_command();
        }
        if (daemon_) {
            world_.sandbox->signal_all(number);  // it has left the terminal
        } else if (!received->from_terminal) {
            world_.sandbox->signal(number);
        }
        if (number == SIGINT || number == SIGQUIT) {
            // COMMAND may well live on after a Ctrl-C; who presses it three times means it.
            constexpr unsigned insistent = 3;
            if (++interrupts_ < insistent && !daemon_) {
                continue;
            }
        } else if (number != SIGTERM && number != SIGHUP) {
            continue;
        }
        if (!ending_) {
            ending_ = true;
            outcome_.ended = event::Ended::signal;
            outcome_.signal = number;
            kill_at_ = now + grace;
        }
    }
}

std::vector<pid_t> Ending::processes_of_command() const {
    auto processes = process::descendants_of(world_.sandbox->helper());
    processes.erase(std::remove(processes.begin(), processes.end(), overlooked_), processes.end());
    return processes;
}

void Ending::look_at_command() {
    // Of several signals the first finds COMMAND as it was.
    if (outcome_.waits.empty()) {
        const auto processes = processes_of_command();
        // To find them may have taken longer than what is to be told.
        outcome_.looked = world_.clock.now();
        outcome_.waits = process::look_at(processes);
        outcome_.attempts_then = world_.engine.attempts();
    }
}

void Ending::take_exit() {
    const auto status = world_.sandbox->poll_exit();
    if (!status) {
        return;
    }
    constexpr int helper_killed = 2;
    if (status->helper_lost && force_ < helper_killed) {
        failure_ = status->signaled
                       ? std::string(
                             "the helper process that holds COMMAND's namespaces was killed from "
                             "outside, and COMMAND with it.")
                       : fmt::format(
                             "the helper process that holds COMMAND's namespaces could not go "
                             "on: {}. COMMAND ended with it.",
                             std::strerror(status->value));
    }
    event::Exit exit;
    if (status->helper_lost) {
        exit.signal = SIGKILL;
    } else if (status->signaled) {
        exit.signal = status->value;
    } else {
        exit.status = status->value;
    }
    outcome_.exit = exit;
    outcome_.exited = world_.clock.now();
    outcome_.left_behind = programs_left();
    const bool serves = exit.status == 0 && !ending_ && !outcome_.left_behind.empty();
    if (serves && !world_.dialled.empty()) {
        daemon_ = Daemon{outcome_.exited, outcome_.exited + longest_to_listen, false};
    }
}

/// Those whose parent has ended are the helper's own (it is the init of their namespace).
std::vector<std::string> Ending::programs_left() const {
    std::vector<std::string> names;
    for (const pid_t process : process::children_of(world_.sandbox->helper())) {
        if (process == overlooked_) {
            continue;
        }
        if (auto name = process::name_of_living(process)) {
            names.push_back(std::move(*name));
        }
    }
    return names;
}

bool Ending::daemon_listens() const {
    const auto sockets = process::tcp_sockets(world_.sandbox->helper());
    return std::any_of(sockets.begin(), sockets.end(), [&](const process::Socket& socket) {
        return socket.remote.port == 0 && std::find(world_.dialled.begin(), world_.dialled.end(),
                                                    socket.local.port) != world_.dialled.end();
    });
}

void Ending::follow_daemon(Instant now) {
    auto left = programs_left();
    const bool listens = !left.empty() && daemon_listens();
    if (listens && !std::exchange(daemon_->seen, true) && world_.sinks != nullptr) {
        world_.sinks->notice(now, "daemon",
                             "COMMAND has ended, and what it has left behind listens where the "
                             "peer dials: the run goes on with that.");
    }
    const bool may_listen_yet = !daemon_->seen && now < daemon_->listens_by;
    if (left.empty() || (!listens && !may_listen_yet && !ending_)) {
        outcome_.left_behind = std::move(left);
        daemon_.reset();
        over_ = true;
        return;
    }
    if (ending_) {
        outcome_.left_behind.clear();  // it goes with the run, as it should
    }
    // The longer it lives, the rarer: hours of virtual time would else be spent so.
    constexpr int share = 32;
    daemon_->look_at = now + std::clamp((now - outcome_.exited) / share, shortest_between_looks,
                                        longest_between_looks);
}

}  // namespace ghostpeer::run
