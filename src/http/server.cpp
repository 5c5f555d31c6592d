// A thread for each connection, cpp-httplib for each request.
#include "http/server.hpp"

#include "http/status.hpp"
#include "http/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>

namespace ghostpeer::http {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;     ///< with a client in the middle of a request or an answer
constexpr auto idle_limit = 120s;  ///< between requests
constexpr const char* any_path = R"([\s\S]*)";

/// The requests of one connection. The library's server keeps what belongs to all of its
/// connections; here each has one of its own, so that nothing is shared between threads.
class Conversation final : public httplib::Server {
  public:
    Conversation(int fd, http::Handler& handler) : handler_(handler), stream_(fd, patience) {
        svr_sock_ = fd;  // "is it still running?", to the library
        const auto plain = [this](const httplib::Request& request, httplib::Response& response) {
            answer(request, {}, response);
        };
        const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& read) {
            std::string body;
            // Without either there is none (RFC 9112, 6.3); the library would read to the end.
            const bool has_body =
                request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
            if (!has_body || read_body(request, response, read, body)) {
                answer(request, std::move(body), response);
            }
        };
        Get(any_path, plain);
        Options(any_path, plain);
        Post(any_path, with_body);
        Put(any_path, with_body);
        Patch(any_path, with_body);
        Delete(any_path, with_body);
        set_payload_max_length(max_body_bytes);
        set_error_handler([this](const httplib::Request&, httplib::Response& response) {
            if (!answered_) {
                give(handler_.refuse(response.status), response);
                last_ = true;
            }
        });
        set_exception_handler([this](const httplib::Request&, httplib::Response& response,
                                     const std::exception_ptr&) {
            give(handler_.refuse(status::internal_error), response);
            last_ = true;
        });
        set_keep_alive_max_count(1);
    }

    void run() {
        while (!last_ && stream_.another(idle_limit)) {
            bool closed = false;
            answered_ = false;
            if (!process_request(stream_, false, closed, {}) || closed) {
                break;
            }
        }
    }

    void stop() { svr_sock_ = INVALID_SOCKET; }

  private:
    bool read_body(const httplib::Request& request, httplib::Response& response,
                   const httplib::ContentReader& read, std::string& body) {
        // Else the library looks for a receiver of its parts.
        if (request.is_multipart_form_data()) {
            refuse(status::wrong_type, response);
            return false;
        }
        bool fits = true;
        const bool whole = read([&](const char* data, std::size_t size) {
            fits = fits && body.size() + size <= max_body_bytes;
            if (fits) {
                body.append(data, size);
            }
            return fits;
        });
        if (!whole) {
            refuse(!fits || response.status == status::too_large ? status::too_large
                                                                 : status::bad_request,
                   response);
        }
        return whole;
    }

    void refuse(int status, httplib::Response& response) {
        give(handler_.refuse(status), response);
        // What is left of the body would be taken for the next request.
        last_ = true;
    }

    void answer(const httplib::Request& from, std::string&& body, httplib::Response& response) {
        Request request{from.method, from.target, {}, std::move(body)};
        for (const auto& [name, value] : from.headers) {
            request.headers.emplace_back(name, value);
        }
        give(handler_.handle(request), response);
    }

    void give(Response&& from, httplib::Response& response) {
        answered_ = true;
        response.status = from.status;
        for (const auto& [name, value] : from.headers) {
            response.set_header(name, value);
        }
        if (!from.stream) {
            response.set_content(from.body, from.content_type);
            return;
        }
        response.set_chunked_content_provider(
            from.content_type,
            [stream = std::move(from.stream)](std::size_t, httplib::DataSink& to) {
                std::string more;
                const bool goes_on = stream(more);
                if (!more.empty() && !to.write(more.data(), more.size())) {
                    return false;
                }
                if (!goes_on) {
                    to.done();
                }
                return true;
            });
    }

    http::Handler& handler_;
    SocketStream stream_;
    bool answered_ = false;
    bool last_ = false;
};

class ThreadedServer final : public Server {
  public:
    ThreadedServer(int listening, Handler& handler)
        : listening_(listening), handler_(handler), wake_(::eventfd(0, EFD_CLOEXEC)) {
        try {
            acceptor_ = std::thread([this] { accept_behind_the_engine(); });
        } catch (...) {
            ::close(wake_);
            throw;
        }
    }
    ThreadedServer(const ThreadedServer&) = delete;
    ThreadedServer& operator=(const ThreadedServer&) = delete;

    ~ThreadedServer() override {
        stopping_ = true;
        const std::uint64_t one = 1;
        static_cast<void>(!::write(wake_, &one, sizeof one));
        acceptor_.join();
        {
            const std::lock_guard lock(mutex_);
            for (Line& line : lines_) {
                line.conversation->stop();
                ::shutdown(line.fd, SHUT_RDWR);
            }
        }
        for (Line& line : lines_) {
            end(line);
        }
        ::close(wake_);
    }

  private:
    /// One connection. Its thread sets `over` and touches nothing after that.
    struct Line {
        int fd = -1;
        std::unique_ptr<Conversation> conversation;
        std::thread thread;
        std::atomic<bool> over = false;
    };

    static void end(Line& line) {
        line.thread.join();
        line.conversation.reset();
        ::close(line.fd);
    }

    void accept_behind_the_engine() {
        // Segments come first: this thread's priority is that of all which it starts. Where it may
        // not be changed, it stays.
        constexpr int behind_the_engine = 5;
        static_cast<void>(::setpriority(PRIO_PROCESS, 0, behind_the_engine));
        accept_all();
    }

    void accept_all() {
        while (!stopping_) {
            std::array<pollfd, 2> ready{{{listening_, POLLIN, 0}, {wake_, POLLIN, 0}}};
            if (::poll(ready.data(), ready.size(), -1) < 0 || ready[1].revents != 0) {
                continue;
            }
            const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                // Out of descriptors, perhaps: the client waits in the backlog meanwhile.
                std::this_thread::sleep_for(10ms);
                continue;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // on TCP; else it fails
            take(fd);
        }
    }

    void take(int fd) {
        const std::lock_guard lock(mutex_);
        lines_.remove_if([](Line& line) {
            const bool over = line.over;
            if (over) {
                end(line);
            }
            return over;
        });
        if (lines_.size() >= max_connections) {
            turn_away(fd);
            return;
        }
        Line& line = lines_.emplace_back();
        line.fd = fd;
        line.conversation = std::make_unique<Conversation>(fd, handler_);
        try {
            line.thread = std::thread([&line] {
                try {
                    line.conversation->run();
                } catch (...) {
                    // Out of memory: this client's connection ends, and nothing else.
                }
                ::shutdown(line.fd, SHUT_RDWR);
                line.over = true;
            });
        } catch (const std::system_error&) {
            lines_.pop_back();  // no thread can be had (RLIMIT_NPROC, pids.max)
            turn_away(fd);
        }
    }

    void turn_away(int fd) {
        const std::string body = handler_.refuse(status::unavailable).body;
        const std::string text =
            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
            "Connection: close\r\nContent-Length: " +
            std::to_string(body.size()) + "\r\n\r\n" + body;
        static_cast<void>(!::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
        ::close(fd);
    }

    int listening_;
    Handler& handler_;
    int wake_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::list<Line> lines_;
    std::thread acceptor_;
};

}  // namespace

std::unique_ptr<Server> serve(int listening, Handler& handler) {
    return std::make_unique<ThreadedServer>(listening, handler);
}

}  // namespace ghostpeer::http
