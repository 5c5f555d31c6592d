#include "control/control.hpp"

#include "event/text.hpp"
#include "scopes/judging.hpp"
#include "show/events.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ghostpeer::control {
namespace {

/// Hears of everything that happens. It may outlive the Control.
class EventTap final : public event::Sink {
  public:
    EventTap(std::weak_ptr<Desk*> desk, std::shared_ptr<EventLog> log,
             std::shared_ptr<std::atomic<bool>> logging)
        : desk_(std::move(desk)),
          log_(std::move(log)),
          logging_(std::move(logging)),
          lines_(show::make_event_lines([this](std::string_view line) { log_->add(line); })) {}

    void record(const event::Event& event) override {
        if (std::holds_alternative<event::Packet>(event.what)) {
            return;
        }
        tell();
        if (*logging_) {
            lines_->record(event);
        }
    }
    void flush() override {
        if (*logging_) {
            log_->announce();
        }
    }

  private:
    void tell() {
        if (const auto desk = desk_.lock()) {
            (*desk)->news();
        }
    }

    std::weak_ptr<Desk*> desk_;
    std::shared_ptr<EventLog> log_;
    std::shared_ptr<std::atomic<bool>> logging_;
    std::unique_ptr<event::Sink> lines_;
};

/// The same for scopes.
class ScopeTap final : public event::Sink {
  public:
    explicit ScopeTap(std::shared_ptr<scopes::Scopes> scopes) : scopes_(std::move(scopes)) {}

    void record(const event::Event& event) override { scopes_->record(event); }

  private:
    std::shared_ptr<scopes::Scopes> scopes_;
};

}  // namespace

Control::Control(Parts parts)
    : parts_(std::move(parts)),
      names_(parts_.peer_names),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      log_(std::make_shared<EventLog>()),
      scopes_(std::make_shared<scopes::Scopes>(parts_.run)),
      context_(desk_, *log_, names_, *scopes_),
      desk_of_tap_(std::make_shared<Desk*>(&desk_)),
      logging_(std::make_shared<std::atomic<bool>>(false)) {
    context_.version = parts_.version;
    context_.relays = parts_.relays;
    context_.places = parts_.places;
    context_.watch_sockets = parts_.watch_sockets;
    context_.list_sockets = parts_.list_sockets;
    context_.begin_news = [this] { begin_news(); };
    context_.begin_log = [this] { begin_log(); };
    context_.begin_scopes = [this] { begin_scopes(); };
    const auto wake = [this] {
        for (const auto& door : doors_) {
            if (door->server) {
                door->server->wake();
            }
        }
    };
    desk_.tell_with(wake);
    log_->tell_with(wake);
    doors_.push_back(std::make_unique<Door>(context_, parts_.listener.fd(), parts_.token,
                                            parts_.listener.address().is_tcp()));
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, desk_.fd(), &event) != 0 ||
        !listen(*doors_.front(), true)) {
        lost_ = fmt::format(
            "The control interface answers nobody: it cannot be watched (epoll_ctl): {}.",
            std::strerror(errno));
        parts_.complain(*lost_);
    }
}

Control::~Control() { static_cast<void>(end()); }

void Control::open_door(FileDescriptor listening, const std::string& token) {
    auto door = std::make_unique<Door>(context_, listening.get(), token, false);
    door->own = std::move(listening);
    if (listen(*door, true)) {
        doors_.push_back(std::move(door));
        return;
    }
    parts_.complain(
        fmt::format("COMMAND cannot reach the control interface on TCP: it cannot be "
                    "watched (epoll_ctl): {}.",
                    std::strerror(errno)));
}

bool Control::listen(const Door& door, bool on) {
    epoll_event event{};
    event.events = EPOLLIN;
    return ::epoll_ctl(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, door.listening, &event) ==
           0;
}

std::optional<Instant> Control::next_deadline() const noexcept {
    auto next = desk_.next_deadline();
    for (const auto& door : doors_) {
        if (door->start_again) {
            next = std::min(next.value_or(*door->start_again), *door->start_again);
        }
    }
    return next;
}

void Control::attend(Instant now) {
    for (const auto& door : doors_) {
        if (!door->server && !ended_ && (!door->start_again || now >= *door->start_again)) {
            pollfd ready{door->listening, POLLIN, 0};
            if (door->start_again || ::poll(&ready, 1, 0) > 0) {
                start(*door, now);
            }
        }
    }
    desk_.serve(parts_.engine, now);
    context_.longest_turn = std::max(context_.longest_turn, parts_.now() - now);
}

void Control::start(Door& door, Instant now) {
    if (!door.start_again) {
        static_cast<void>(listen(door, false));
    }
    auto server = http::Server::start({door.listening, door.router, parts_.now});
    if (server) {
        door.server = std::move(*server);
        door.start_again.reset();
        lost_.reset();
        return;
    }
    constexpr auto pause = std::chrono::seconds(1);
    door.start_again = now + pause;
    if (!lost_) {
        lost_ = "The control interface answers nobody: " + server.error() + ".";
        parts_.complain(*lost_ + " It is tried again every second.");
    }
}

void Control::begin_news() {
    if (!hears_) {
        hears_ = true;
        parts_.add_sink(std::make_unique<EventTap>(desk_of_tap_, log_, logging_));
    }
}

void Control::begin_log() {
    begin_news();
    *logging_ = true;
}

void Control::begin_scopes() {
    if (!scoped_) {
        scoped_ = true;
        parts_.add_sink(std::make_unique<ScopeTap>(scopes_));
    }
}

void Control::conclude_scopes(Instant now) {
    for (const std::string& name : scopes_->unasked()) {
        parts_.engine.conclude_scope(name, now);
    }
}

std::vector<std::string> Control::failed_scopes(Instant now) {
    std::vector<std::string> failed;
    for (const std::string& name : scopes_->unasked()) {
        const auto judged = scopes::judge_scope(scopes_->look_at(name, parts_.engine, now));
        if (!judged.verdict->pass) {
            failed.push_back(fmt::format("The scope {}, whose verdict nobody asked for: {}.",
                                         event::printable(name), judged.verdict->headline));
        }
    }
    return failed;
}

bool Control::end() {
    if (ended_) {
        return true;
    }
    ended_ = true;
    desk_of_tap_.reset();
    desk_.close();
    log_->close();
    bool all = true;
    for (const auto& door : doors_) {
        door->start_again.reset();
        constexpr auto farewell = std::chrono::milliseconds(200);
        if (door->server && !door->server->finish(farewell)) {
            all = false;
        } else {
            door->server.reset();
        }
    }
    return all;
}

}  // namespace ghostpeer::control
