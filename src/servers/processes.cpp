#include "servers/processes.hpp"

#include "event/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>
#include <utility>

namespace ghostpeer::servers {
namespace {

using namespace std::chrono_literals;
using Type = StageMessage::Type;

constexpr Duration grace = 1s;
constexpr std::uint64_t stage_key = 0;  // connections are counted from 1
constexpr std::size_t most_process_news = 64;
constexpr std::size_t longest_line = 1000;
constexpr std::size_t most_lines = 200;
constexpr std::size_t longest_name = 60;
constexpr std::size_t most_told_once = 64;

}  // namespace

Processes::Processes(const Stage& stage, std::vector<std::vector<std::string>> commands)
    : stage_(stage), commands_(std::move(commands)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(stage_.fd(), stage_key);
}

void Processes::watch(int fd, std::uint64_t key) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = key;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        epoll_.reset();  // what nobody hears of would be waited for in vain
    }
}

std::optional<Instant> Processes::next_deadline() const noexcept {
    std::optional<Instant> next;
    for (const auto& [connection, process] : processes_) {
        for (const auto& at : {process.term_at, process.kill_at}) {
            next = at ? std::min(next.value_or(*at), *at) : next;
        }
    }
    return next;
}

std::string Processes::name(const Process& process) const {
    std::string text = fmt::format("{}", fmt::join(commands_[process.command], " "));
    if (text.size() > longest_name) {
        text.resize(longest_name);
        text += "…";
    }
    return text;
}

bool Processes::start(const peer::UpstreamId& id, const peer::UpstreamConnect& what, Instant now) {
    const auto command = std::find(commands_.begin(), commands_.end(), what.where.command);
    Process process;
    process.attempt = what.attempt;
    process.command = static_cast<std::size_t>(command - commands_.begin());
    if (command == commands_.end()) {
        return false;  // a profile that brings another is refused before
    }
    const auto alive = std::count_if(processes_.begin(), processes_.end(), [&](const auto& one) {
        return one.second.command == process.command && !one.second.gone;
    });
    if (static_cast<std::size_t>(alive) >= what.where.processes) {
        tell_once(fmt::format("As many processes as may be run at once ({}, `processes`) are "
                              "there for `exec` ({}); the program is refused.",
                              what.where.processes, name(process)),
                  now);
        return false;
    }
    StageMessage order;
    order.type = Type::start;
    order.token = id.connection;
    order.index = static_cast<std::uint32_t>(process.command);
    order.text = fmt::format(
        "GHOSTPEER_CONNECTION={}\nGHOSTPEER_ATTEMPT={}\nGHOSTPEER_CLIENT={}\nGHOSTPEER_DIALLED={}",
        id.connection, what.attempt, what.client.to_string(), what.original.to_string());
    if (!stage_.send(order)) {
        return false;
    }
    processes_.insert_or_assign(id.connection, std::move(process));
    return true;
}

void Processes::end(event::ConnectionId connection, bool at_once, Instant now) {
    const auto found = processes_.find(connection);
    if (found == processes_.end() || found->second.term_at || found->second.kill_at) {
        return;
    }
    if (at_once) {
        ask_to_end(connection, found->second, now);
    } else {
        found->second.term_at = now + grace;
    }
}

void Processes::ask_to_end(event::ConnectionId connection, Process& process, Instant now) {
    StageMessage order;
    order.type = Type::signal;
    order.token = connection;
    order.value = SIGTERM;
    stage_.send(order);
    process.asked_to_end = true;
    process.term_at.reset();
    process.kill_at = now + grace;
}

void Processes::attend(Instant now) {
    std::array<epoll_event, most_process_news> events{};
    const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < n; ++i) {
        const std::uint64_t key = events.at(static_cast<std::size_t>(i)).data.u64;
        if (key != stage_key) {
            if (const auto found = processes_.find(key); found != processes_.end()) {
                read_errors(key, found->second, now);
            }
            continue;
        }
        StageMessage news;
        Heard heard = stage_.next(news);
        for (; heard == Heard::message; heard = stage_.next(news)) {
            hear(news, now);
        }
        if (heard == Heard::closed) {
            lose_stage(now);
        }
    }
    for (auto one = processes_.begin(); one != processes_.end();) {
        auto& [connection, process] = *one;
        if (process.term_at && *process.term_at <= now) {
            ask_to_end(connection, process, now);
        }
        if (!process.kill_at || *process.kill_at > now) {
            ++one;
            continue;
        }
        StageMessage order;
        order.type = Type::signal;
        order.token = connection;
        order.value = SIGKILL;
        stage_.send(order);
        one = processes_.erase(one);
    }
}

/// Everything in there has ended with it.
void Processes::lose_stage(Instant now) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, stage_.fd(), nullptr);
    tell_once(
        "The process that starts those of `exec` was ended, and they with it; from now on the "
        "program is refused.",
        now);
    for (auto one = processes_.begin(); one != processes_.end();) {
        const bool waits = !one->second.errors && !one->second.gone;
        if (waits) {
            started_.push_back({one->first, {}});
        }
        one = waits ? processes_.erase(one) : std::next(one);
    }
}

void Processes::hear(StageMessage& news, Instant now) {
    const auto found = processes_.find(news.token);
    if (found == processes_.end()) {
        return;
    }
    if (news.type == Type::started) {
        started(found->first, found->second, news, now);
    } else if (news.type == Type::ended) {
        ended(found->first, found->second, news.value, now);
    }
}

void Processes::started(event::ConnectionId connection, Process& process, StageMessage& news,
                        Instant now) {
    Started answer;
    answer.connection = connection;
    if (news.value == 0 && news.descriptors.size() == 2) {
        answer.stream = std::move(news.descriptors[0]);
        process.errors = std::move(news.descriptors[1]);
        watch(process.errors.get(), connection);
    } else {
        tell_once(fmt::format("The process of `exec` ({}) cannot be started: {}; the program is "
                              "refused.",
                              name(process),
                              news.value != 0 ? std::strerror(news.value)
                                              : "this process may open no more files"),
                  now);
        StageMessage order;
        order.type = Type::signal;
        order.token = connection;
        order.value = SIGKILL;
        stage_.send(order);  // where it runs all the same
        processes_.erase(connection);
    }
    started_.push_back(std::move(answer));
}

void Processes::ended(event::ConnectionId connection, Process& process, int status, Instant now) {
    process.gone = true;
    read_errors(connection, process, now);
    event::Exit exit;
    if (WIFSIGNALED(status)) {
        exit.signal = WTERMSIG(status);
    } else {
        exit.status = WEXITSTATUS(status);
    }
    if (!process.asked_to_end && (exit.signal || exit.status != 0)) {
        tell(connection, process, "process-failed",
             fmt::format("The process of #{} ({}) {}.", connection, name(process),
                         event::describe(exit)),
             now);
    }
}

/// At most so much that nobody else waits long.
void Processes::read_errors(event::ConnectionId connection, Process& process, Instant now) {
    std::array<char, 4096> piece{};
    const ssize_t got =
        process.errors ? read(process.errors.get(), piece.data(), piece.size()) : -1;
    if (got < 0 && (!process.errors || errno == EAGAIN || errno == EINTR)) {
        return;
    }
    for (ssize_t i = 0; i < got; ++i) {
        const char c = piece.at(static_cast<std::size_t>(i));
        if (c == '\n') {
            tell_line(connection, process, now);
        } else if (process.line.size() < longest_line) {
            process.line += c;
        }
    }
    if (got <= 0) {
        if (!process.line.empty()) {
            tell_line(connection, process, now);
        }
        process.errors.reset();  // which takes it out of the epoll instance
    }
}

void Processes::tell_line(event::ConnectionId connection, Process& process, Instant now) {
    const std::string line = std::exchange(process.line, {});
    if (process.lines > most_lines) {
        return;
    }
    tell(connection, process, "process-output",
         process.lines++ < most_lines
             ? fmt::format("{}: {}", commands_[process.command].front(), line)
             : fmt::format("{} has printed {} lines on its standard error; more of them are not "
                           "shown.",
                           commands_[process.command].front(), most_lines),
         now);
}

void Processes::tell(event::ConnectionId connection, const Process& process, std::string_view what,
                     std::string text, Instant now) {
    events_.push_back({now, connection, process.attempt, event::Notice{what, std::move(text)}});
}

void Processes::tell_once(std::string text, Instant now) {
    if (told_.size() < most_told_once && told_.insert(text).second) {
        events_.push_back({now, 0, 0, event::Notice{"exec", std::move(text)}});
    }
}

std::vector<Processes::Started> Processes::take_started() { return std::exchange(started_, {}); }

std::vector<event::Event> Processes::take_events() { return std::exchange(events_, {}); }

bool Processes::awaits_end() const noexcept {
    return std::any_of(processes_.begin(), processes_.end(),
                       [](const auto& one) { return one.second.term_at && !one.second.gone; });
}

}  // namespace ghostpeer::servers
