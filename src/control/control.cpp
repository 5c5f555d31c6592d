#include "control/control.hpp"

#include "observe/events.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <algorithm>
#include <exception>
#include <system_error>

namespace ghostpeer::control {
namespace {

constexpr const char* no_thread =
    "no thread can be started for it, because the user or the container may have no more of them "
    "(ulimit -u, pids.max).";

/// Hears of everything that happens. It may outlive the Control.
class Ear final : public observe::Sink {
  public:
    Ear(std::weak_ptr<Desk*> desk, std::shared_ptr<EventLog> log,
        std::shared_ptr<std::atomic<bool>> logging)
        : desk_(std::move(desk)),
          log_(std::move(log)),
          logging_(std::move(logging)),
          lines_(observe::make_event_lines([this](std::string_view line) { log_->add(line); })) {}

    void event(const peer::Event& event) override {
        tell();
        if (*logging_) {
            lines_->event(event);
        }
    }
    void socket(Instant at, const observe::SocketEvent& socket) override {
        tell();
        if (*logging_) {
            lines_->socket(at, socket);
        }
    }
    void exit(Instant at, const observe::Exit& exit) override {
        if (*logging_) {
            lines_->exit(at, exit);
        }
    }
    void verdict(Instant at, const observe::Verdict& verdict) override {
        if (*logging_) {
            lines_->verdict(at, verdict);
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
    std::unique_ptr<observe::Sink> lines_;
};

}  // namespace

Control::Control(Parts parts)
    : parts_(std::move(parts)),
      names_(parts_.peer_names),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      log_(std::make_shared<EventLog>()),
      context_(desk_, *log_, names_),
      router_(context_, parts_.token),
      desk_of_ear_(std::make_shared<Desk*>(&desk_)),
      logging_(std::make_shared<std::atomic<bool>>(false)) {
    context_.version = parts_.version;
    context_.may_relay = parts_.may_relay;
    context_.only_catalogue = parts_.listener.address().is_tcp();
    context_.begin_news = [this] { begin_news(); };
    context_.begin_log = [this] { begin_log(); };
    for (const int fd : {parts_.listener.fd(), desk_.fd()}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
    }
}

Control::~Control() { end(); }

void Control::attend(Instant now) {
    if (!started_ && !ended_) {
        pollfd ready{parts_.listener.fd(), POLLIN, 0};
        if (::poll(&ready, 1, 0) > 0) {
            start();
        }
    }
    desk_.serve(parts_.engine, now);
    context_.longest_turn = std::max(context_.longest_turn, parts_.now() - now);
}

void Control::start() {
    started_ = true;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, parts_.listener.fd(), nullptr);
    // To load the library takes many milliseconds, which no segment should have to wait.
    try {
        starter_ = std::thread([this] {
            try {
                if (const auto functions = parts_.load()) {
                    server_ = (*functions)->serve(parts_.listener.fd(), router_);
                } else {
                    fall_silent(functions.error());
                }
            } catch (const std::exception&) {
                fall_silent(no_thread);
            }
        });
    } catch (const std::system_error&) {
        fall_silent(no_thread);
    }
}

void Control::fall_silent(const std::string& why) {
    const std::string sentence = "The control interface answers nobody: " + why;
    parts_.complain(sentence);
    const std::lock_guard lock(lost_mutex_);
    lost_ = sentence;
}

std::optional<std::string> Control::lost() const {
    const std::lock_guard lock(lost_mutex_);
    return lost_;
}

void Control::begin_news() {
    if (!hears_) {
        hears_ = true;
        parts_.add_sink(std::make_unique<Ear>(desk_of_ear_, log_, logging_));
    }
}

void Control::begin_log() {
    begin_news();
    *logging_ = true;
}

void Control::end() {
    if (ended_) {
        return;
    }
    ended_ = true;
    desk_of_ear_.reset();
    desk_.close();
    if (starter_.joinable()) {
        starter_.join();
    }
    log_->close();
    server_.reset();
}

}  // namespace ghostpeer::control
