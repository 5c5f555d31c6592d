#include "control/control.hpp"

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

}  // namespace

Control::Control(Parts parts)
    : parts_(std::move(parts)),
      names_(parts_.peer_names),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      log_(std::make_shared<EventLog>()),
      context_(desk_, *log_, names_),
      router_(context_, parts_.token),
      desk_of_tap_(std::make_shared<Desk*>(&desk_)),
      logging_(std::make_shared<std::atomic<bool>>(false)) {
    context_.version = parts_.version;
    context_.relays = parts_.relays;
    context_.only_catalogue = parts_.listener.address().is_tcp();
    context_.begin_news = [this] { begin_news(); };
    context_.begin_log = [this] { begin_log(); };
    const auto wake = [this] {
        if (server_) {
            server_->wake();
        }
    };
    desk_.tell_with(wake);
    log_->tell_with(wake);
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, desk_.fd(), &event) != 0 || !listen(true)) {
        lost_ = fmt::format(
            "The control interface answers nobody: it cannot be watched (epoll_ctl): {}.",
            std::strerror(errno));
        parts_.complain(*lost_);
    }
}

Control::~Control() { static_cast<void>(end()); }

bool Control::listen(bool on) {
    epoll_event event{};
    event.events = EPOLLIN;
    return ::epoll_ctl(epoll_.get(), on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, parts_.listener.fd(),
                       &event) == 0;
}

std::optional<Instant> Control::next_deadline() const noexcept {
    const auto next = desk_.next_deadline();
    return start_again_ ? std::min(next.value_or(*start_again_), *start_again_) : next;
}

void Control::attend(Instant now) {
    if (!server_ && !ended_ && (!start_again_ || now >= *start_again_)) {
        pollfd ready{parts_.listener.fd(), POLLIN, 0};
        if (start_again_ || ::poll(&ready, 1, 0) > 0) {
            start(now);
        }
    }
    desk_.serve(parts_.engine, now);
    context_.longest_turn = std::max(context_.longest_turn, parts_.now() - now);
}

void Control::start(Instant now) {
    if (!start_again_) {
        static_cast<void>(listen(false));
    }
    auto server = http::Server::start({parts_.listener.fd(), router_, parts_.now});
    if (server) {
        server_ = std::move(*server);
        start_again_.reset();
        lost_.reset();
        return;
    }
    constexpr auto pause = std::chrono::seconds(1);
    start_again_ = now + pause;
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

bool Control::end() {
    if (ended_) {
        return true;
    }
    ended_ = true;
    desk_of_tap_.reset();
    start_again_.reset();
    desk_.close();
    log_->close();
    if (server_) {
        constexpr auto farewell = std::chrono::milliseconds(200);
        if (!server_->finish(farewell)) {
            return false;
        }
        server_.reset();
    }
    return true;
}

}  // namespace ghostpeer::control
