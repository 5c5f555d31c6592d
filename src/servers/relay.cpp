#include "servers/relay.hpp"

#include "loop/run_loop.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ghostpeer::servers {
namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::size_t events_at_once = 64;
constexpr std::size_t most_relay_notices = 64;
constexpr std::uint64_t lookup_key = 0;  // connections are counted from 1
constexpr std::uint64_t name_server_key = UINT64_MAX;
constexpr std::uint64_t processes_key = UINT64_MAX - 1;
constexpr std::uint64_t servers_key = UINT64_MAX - 2;

void raise_open_files() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace

Relay::Relay(const loop::Clock& clock, peer::Engine& engine, loop::Sinks& sinks,
             NameServer& name_server, setup::NamesByAddress names, Behind behind)
    : clock_(clock),
      engine_(engine),
      sinks_(sinks),
      name_server_(name_server),
      names_(std::move(names)),
      behind_(std::move(behind)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (behind_.any()) {
        raise_open_files();
        buffer_.resize(read_size);
    }
    if (behind_.outside) {
        lookup_.emplace();
        watch(lookup_->fd(), lookup_key);
    }
    if (behind_.processes != nullptr) {
        processes_.emplace(*behind_.processes, behind_.commands);
        watch(processes_->fd(), processes_key);
    }
    if (behind_.servers != nullptr) {
        watch(behind_.servers->fd(), servers_key);
    }
    if (name_server_.fd() >= 0) {
        watch(name_server_.fd(), name_server_key);
    }
}

Relay::~Relay() {
    for (const auto& [connection, server] : servers_) {
        if (server.connected && (!server.finished || server.socket.has_backlog())) {
            server.socket.linger_not();
        }
    }
}

bool Relay::awaits_more() const noexcept {
    return (processes_ && processes_->awaits_end()) ||
           std::any_of(servers_.begin(), servers_.end(),
                       [](const auto& one) { return one.second.finished && !one.second.ended; });
}

std::optional<Instant> Relay::next_deadline() const noexcept {
    auto next = name_server_.next_deadline();
    const auto process = processes_ ? processes_->next_deadline() : std::nullopt;
    return process && next ? std::min(*process, *next) : process ? process : next;
}

void Relay::watch(int fd, std::uint64_t key) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = key;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        epoll_.reset();  // what nobody hears of would be waited for in vain
    }
}

bool Relay::attend(Instant now) {
    std::array<epoll_event, events_at_once> events{};
    const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < n; ++i) {
        const epoll_event& event = events.at(static_cast<std::size_t>(i));
        if (event.data.u64 == lookup_key) {
            take_lookups(now);
            continue;
        }
        if (event.data.u64 == servers_key) {
            take_sockets(now);
            continue;
        }
        if (event.data.u64 == name_server_key || event.data.u64 == processes_key) {
            continue;
        }
        const auto found = servers_.find(event.data.u64);
        if (found != servers_.end()) {
            ready(found->second, event.events, now);
        }
    }
    if (processes_) {
        processes_->attend(now);
        take_processes(now);
    }
    return name_server_.handle(now) || n > 0;
}

void Relay::carry_out(Instant now) {
    name_server_.carry_out(now);
    // What fails at once may bring the next request.
    for (engine_.take_upstream_requests(requests_); !requests_.empty();
         engine_.take_upstream_requests(requests_)) {
        auto requests = std::exchange(requests_, {});
        for (peer::UpstreamRequest& request : requests) {
            perform(request, now);
        }
        requests.clear();
        requests_.swap(requests);
    }
}

void Relay::perform(peer::UpstreamRequest& request, Instant now) {
    if (name_server_.perform(request, now)) {
        return;
    }
    if (const auto* connect = std::get_if<peer::UpstreamConnect>(&request.what)) {
        begin(request.id, *connect, now);
        return;
    }
    const auto found = servers_.find(request.id.connection);
    if (found == servers_.end()) {
        return;
    }
    Server& server = found->second;
    if (auto* send = std::get_if<peer::UpstreamSend>(&request.what)) {
        server.socket.give(std::move(send->bytes));
        if (!write(server, now)) {
            return;
        }
    } else if (const auto* reading = std::get_if<peer::UpstreamReading>(&request.what)) {
        server.reading = reading->on;
    } else if (std::holds_alternative<peer::UpstreamShutdown>(request.what)) {
        server.finished = true;
        server.socket.shutdown_when_written();
        server.socket.shutdown_if_due();
    } else if (std::holds_alternative<peer::UpstreamClose>(request.what) &&
               server.socket.has_backlog()) {
        server.leaving = true;
    } else {
        server.broken_off = std::holds_alternative<peer::UpstreamAbort>(request.what);
        if (server.broken_off && server.connected) {
            server.socket.linger_not();
        }
        forget(server, now);
        return;
    }
    watch(server, now);
}

void Relay::ready(Server& server, std::uint32_t events, Instant now) {
    if (!server.connected) {
        if (const int error = server.socket.connect_result(); error != 0) {
            connect_next(server, error, now);
            return;
        }
        server.connected = true;
        server.candidates.clear();
        engine_.upstream_connected(server.id, now);
        watch(server, now);
        return;
    }
    if ((events & EPOLLOUT) != 0 && !write(server, now)) {
        return;
    }
    const bool wants = server.reading && !server.ended && !server.leaving;
    if (wants && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        read(server, now);
        return;
    }
    if ((events & EPOLLERR) != 0 && !server.process) {
        lose(server, now);
        return;
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        // Both directions have ended and the client does not read yet: nothing can come but that.
        epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, server.socket.fd(), nullptr);
        server.in_epoll = false;
        return;
    }
    watch(server, now);
}

void Relay::read(Server& server, Instant now) {
    int error = 0;
    const std::size_t n = server.socket.read_some(buffer_, error);
    if (n > 0) {
        engine_.upstream_bytes(server.id, {buffer_.data(), n}, now);
        return;
    }
    if (error == EAGAIN) {
        watch(server, now);
        return;
    }
    // A process that ends without having read everything has finished, too.
    if (error != 0 && !server.process) {
        lose(server, now);
        return;
    }
    server.ended = true;
    engine_.upstream_ended(server.id, now);
    watch(server, now);
}

bool Relay::write(Server& server, Instant now) {
    int error = 0;
    std::size_t n = server.socket.write_some(error);
    if (error != 0 && server.process) {
        // It does not read any more, and may still speak: what comes is nobody's.
        n += server.socket.drop_backlog();
        error = 0;
    }
    if (n > 0 && !server.leaving) {
        engine_.upstream_took(server.id, n, now);
    }
    if (error != 0) {
        lose(server, now);
        return false;
    }
    server.socket.shutdown_if_due();
    if (server.leaving && !server.socket.has_backlog()) {
        forget(server, now);
        return false;
    }
    return true;
}

void Relay::lose(Server& server, Instant now) {
    if (!server.leaving) {
        engine_.upstream_reset(server.id, now);
    }
    server.broken_off = true;
    forget(server, now);
}

void Relay::watch(Server& server, Instant now) {
    std::uint32_t wanted = 0;
    if (!server.connected || server.socket.has_backlog()) {
        wanted |= EPOLLOUT;
    }
    if (server.connected && server.reading && !server.ended && !server.leaving) {
        wanted |= EPOLLIN;
    }
    if (server.ended && server.finished && !server.socket.has_backlog()) {
        forget(server, now);
        return;
    }
    if (server.socket.fd() < 0 || (server.in_epoll && wanted == server.watched)) {
        return;
    }
    epoll_event event{};
    event.events = wanted;
    event.data.u64 = server.id.connection;
    if (epoll_ctl(epoll_.get(), server.in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, server.socket.fd(),
                  &event) != 0) {
        lose_sight(server, errno, now);
        return;
    }
    server.in_epoll = true;
    server.watched = wanted;
}

void Relay::lose_sight(Server& server, int error, Instant now) {
    if (!server.connected) {
        fail(server, error, now);
        return;
    }
    notice(
        fmt::format("The connection to the real server {} cannot be watched any longer "
                    "(epoll_ctl): {}; the program's connection is reset.",
                    server.name, std::strerror(error)));
    server.socket.linger_not();
    lose(server, now);
}

void Relay::forget(Server& server, Instant now) {
    const event::ConnectionId connection = server.id.connection;
    if (server.process) {
        processes_->end(connection, server.broken_off, now);
    }
    servers_.erase(connection);
}

void Relay::notice(std::string text) {
    if (noticed_.size() < most_relay_notices && noticed_.insert(text).second) {
        notices_.push_back({"relay", std::move(text)});
    }
}

void Relay::delivered() {
    for (event::Notice& one : name_server_.take_notices()) {
        notices_.push_back(std::move(one));
    }
    if (processes_) {
        for (event::Event& one : processes_->take_events()) {
            sinks_.record(std::move(one));
        }
    }
    for (event::Notice& one : std::exchange(notices_, {})) {
        sinks_.notice(clock_.now(), one.what, std::move(one.text));
    }
}

std::optional<std::string> Relay::failure() const {
    const bool hears = epoll_ && (!processes_ || processes_->fd() >= 0);
    return hears ? std::nullopt : std::optional(loop::too_few_files());
}

}  // namespace ghostpeer::servers
