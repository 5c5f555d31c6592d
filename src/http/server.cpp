#include "http/server.hpp"

#include "http/conversation.hpp"
#include "http/status.hpp"
#include "posix/file_descriptor.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <list>
#include <new>
#include <optional>
#include <system_error>
#include <thread>

namespace ghostpeer::http {
namespace {

using namespace std::chrono_literals;

/// Out of descriptors, perhaps: clients wait in the backlog meanwhile.
constexpr Duration pause_of_accepting = 100ms;
constexpr std::size_t read_at_once = 16 * 1024;
constexpr std::size_t events_at_once = 16;
constexpr int sends_at_once = 16;
constexpr int accepts_at_once = 32;
/// What a handler may still take at the end, on top of the patience.
constexpr Duration longest_request = 300ms;

}  // namespace

class Server::Loop {
  public:
    explicit Loop(Parts parts)
        : parts_(std::move(parts)),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

    /// Nothing, or why it cannot be.
    [[nodiscard]] std::optional<std::string> start() {
        if (!epoll_ || !wake_ || !watch(wake_.get(), EPOLLIN, &wake_) || !listen(true)) {
            return std::strerror(errno);
        }
        try {
            std::promise<void> told;
            over_ = told.get_future();
            thread_ = std::thread([this, told = std::move(told)]() mutable {
                run();
                told.set_value();
            });
        } catch (const std::system_error&) {
            return "no thread can be started for it, because the user or the container may have no "
                   "more of them (ulimit -u, pids.max)";
        }
        return std::nullopt;
    }

    void wake() const noexcept { ::eventfd_write(wake_.get(), 1); }

    /// False: the thread is still busy, and this object has to stay where it is.
    [[nodiscard]] bool finish(Duration patience) {
        patience_ = patience;
        finishing_ = true;
        wake();
        if (thread_.joinable()) {
            if (over_.wait_for(patience + longest_request) != std::future_status::ready) {
                return false;
            }
            thread_.join();
        }
        lines_.clear();
        return true;
    }
    /// Nobody waits for the thread any more.
    void abandon() { thread_.detach(); }

  private:
    /// One client.
    struct Line {
        Line(FileDescriptor socket, Handler& handler, Instant now)
            : fd(std::move(socket)), conversation(handler, now) {}

        FileDescriptor fd;
        Conversation conversation;
        std::uint32_t watched = 0;  ///< epoll's events
        bool shut = false;          ///< our side
    };

    [[nodiscard]] bool watch(int fd, std::uint32_t events, void* who) const noexcept {
        epoll_event event{};
        event.events = events;
        event.data.ptr = who;
        return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
    }
    [[nodiscard]] bool listen(bool on) {
        listens_ = on;
        return on ? watch(parts_.listening, EPOLLIN, &parts_)
                  : ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, parts_.listening, nullptr) == 0;
    }
    /// Does it; a client for whom the memory does not suffice is let go, and nobody else.
    template <typename What>
    static void attempt(Line& line, What what) noexcept {
        try {
            what();
        } catch (const std::exception&) {
            line.conversation.give_up();
        }
    }

    void run() {
        // Segments come first. Where the priority may not be changed, it stays.
        constexpr int behind_the_engine = 5;
        static_cast<void>(::setpriority(PRIO_PROCESS, 0, behind_the_engine));
        std::optional<Instant> end;
        while (true) {
            const Instant now = parts_.now();
            if (finishing_ && !end) {
                end = now + patience_;
                if (listens_) {
                    static_cast<void>(listen(false));
                }
                accept_again_.reset();
                for (Line& line : lines_) {
                    line.conversation.finish();
                }
            }
            if (accept_again_ && now >= *accept_again_) {
                accept_again_.reset();
                if (!listen(true)) {
                    accept_again_ = now + pause_of_accepting;
                }
            }
            for (Line& line : lines_) {
                attempt(line, [&] { serve(line, now); });
            }
            lines_.remove_if([](const Line& line) { return line.conversation.over(); });
            if (end && (lines_.empty() || now >= *end)) {
                return;
            }
            wait(now, end);
        }
    }

    /// Until something happens or is due; deals with what it was.
    void wait(Instant now, const std::optional<Instant>& end) {
        Instant until =
            std::min(end.value_or(Instant::max()), accept_again_.value_or(Instant::max()));
        for (const Line& line : lines_) {
            until = std::min(until, line.conversation.deadline());
        }
        int milliseconds = -1;
        if (until != Instant::max()) {
            constexpr Duration longest = 1h;
            const auto left = std::clamp<Duration>(until - now, 0ns, longest);
            milliseconds = static_cast<int>((left + 999'999ns) / 1ms);
        }
        std::array<epoll_event, events_at_once> events{};
        const int count = ::epoll_wait(epoll_.get(), events.data(), events_at_once, milliseconds);
        const Instant then = parts_.now();
        bool somebody_comes = false;
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.ptr == &wake_) {
                eventfd_t ignored = 0;
                ::eventfd_read(wake_.get(), &ignored);
            } else if (event.data.ptr == &parts_) {
                somebody_comes = true;
            } else {
                auto& line = *static_cast<Line*>(event.data.ptr);
                attempt(line, [&] { take(line, event.events, then); });
            }
        }
        for (int n = 0; somebody_comes && listens_ && n < accepts_at_once; ++n) {
            somebody_comes = take_in(then);
        }
    }

    void take(Line& line, std::uint32_t events, Instant now) {
        Conversation& conversation = line.conversation;
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && conversation.wants_input()) {
            std::array<char, read_at_once> buffer{};
            const ssize_t got = ::recv(line.fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
            if (got > 0) {
                conversation.receive({buffer.data(), static_cast<std::size_t>(got)}, now);
            } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
                conversation.receive_end(now);
            }
        } else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 &&
                   (conversation.waits() || (events & (EPOLLHUP | EPOLLERR)) != 0)) {
            conversation.give_up();
        }
    }

    /// Moves on what can be moved on; watches for what is needed then.
    void serve(Line& line, Instant now) {
        Conversation& conversation = line.conversation;
        conversation.advance(now);
        // Whoever reads a lot is not to keep the others waiting.
        for (int rounds = 0; rounds < sends_at_once && !conversation.output().empty(); ++rounds) {
            const auto text = conversation.output();
            const ssize_t sent =
                ::send(line.fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno == EINTR) {
                continue;
            }
            if (sent < 0) {
                if (errno != EAGAIN) {
                    conversation.give_up();
                }
                break;
            }
            conversation.sent(static_cast<std::size_t>(sent), now);
        }
        if (conversation.has_said_all() && !line.shut) {
            line.shut = true;
            ::shutdown(line.fd.get(), SHUT_WR);
        }
        std::uint32_t wanted = conversation.waits() ? EPOLLRDHUP : 0U;
        wanted |= conversation.wants_input() ? EPOLLIN : 0U;
        wanted |= conversation.output().empty() ? 0U : EPOLLOUT;
        if (wanted != line.watched && !conversation.over()) {
            epoll_event event{};
            event.events = wanted;
            event.data.ptr = &line;
            line.watched = wanted;
            if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, line.fd.get(), &event) != 0) {
                conversation.give_up();
            }
        }
    }

    /// False: nobody else waits to come in.
    bool take_in(Instant now) {
        FileDescriptor fd(
            ::accept4(parts_.listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
                static_cast<void>(listen(false));
                accept_again_ = now + pause_of_accepting;
            }
            return errno == ECONNABORTED || errno == EINTR;
        }
        const int on = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // on TCP; else it fails
        if (lines_.size() >= max_connections && !make_room()) {
            turn_away(fd.get());
            return true;
        }
        try {
            Line& line = lines_.emplace_back(std::move(fd), parts_.handler, now);
            line.watched = EPOLLIN;
            if (!watch(line.fd.get(), EPOLLIN, &line)) {
                lines_.pop_back();
                return true;
            }
            // Who has asked already is no stranger when the next ones need a place.
            attempt(line, [&] {
                take(line, EPOLLIN, now);
                serve(line, now);
            });
        } catch (const std::bad_alloc&) {
            // This client is not served, and nobody else is harmed.
        }
        return true;
    }

    /// Ends the conversation that is missed least, of those the oldest.
    [[nodiscard]] bool make_room() {
        auto least = lines_.end();
        for (auto line = lines_.begin(); line != lines_.end(); ++line) {
            const auto rank = line->conversation.dispensable();
            if (rank && (least == lines_.end() || std::pair(*rank, line->conversation.began()) <
                                                      std::pair(*least->conversation.dispensable(),
                                                                least->conversation.began()))) {
                least = line;
            }
        }
        if (least == lines_.end()) {
            return false;
        }
        lines_.erase(least);
        return true;
    }

    void turn_away(int fd) {
        const std::string body = parts_.handler.refuse(status::unavailable).body;
        const std::string text = fmt::format(
            "HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: {}\r\n\r\n{}",
            status::unavailable, reason_phrase(status::unavailable), body.size(), body);
        static_cast<void>(!::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }

    Parts parts_;
    FileDescriptor epoll_;
    FileDescriptor wake_;
    std::thread thread_;
    std::atomic<bool> finishing_ = false;
    Duration patience_{};     ///< written before `finishing_`
    std::future<void> over_;  ///< the thread's work is done
    // Of the thread:
    std::list<Line> lines_;
    bool listens_ = false;
    std::optional<Instant> accept_again_;
};

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

Server::~Server() {
    if (!loop_->finish(0ns)) {
        loop_->abandon();
        static_cast<void>(loop_.release());
    }
}

void Server::wake() noexcept { loop_->wake(); }

bool Server::finish(Duration patience) { return loop_->finish(patience); }

tl::expected<std::unique_ptr<Server>, std::string> Server::start(Parts parts) {
    auto loop = std::make_unique<Loop>(std::move(parts));
    if (auto problem = loop->start()) {
        return tl::make_unexpected(std::move(*problem));
    }
    return std::unique_ptr<Server>(new Server(std::move(loop)));
}

}  // namespace ghostpeer::http
