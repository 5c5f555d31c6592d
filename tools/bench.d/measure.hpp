// What the benchmark's programs share: a clock, sockets that throw, and one line of JSON.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The result of a system call; a std::system_error that names it where it failed.
template <typename Result>
Result check(Result result, const char* call) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), call);
    }
    return result;
}

/// A file descriptor that closes itself.
class Socket {
  public:
    explicit Socket(int fd) : fd_(fd) {}
    Socket() : fd_(check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }
    [[nodiscard]] int fd() const { return fd_; }

    /// close() then sends RST and leaves no TIME-WAIT behind.
    void abort_on_close() const {
        const linger now{.l_onoff = 1, .l_linger = 0};
        check(setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now), "SO_LINGER");
    }

  private:
    int fd_;
};

inline sockaddr_in address_of(const std::string& address, std::uint16_t port) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    if (inet_pton(AF_INET, address.c_str(), &in.sin_addr) != 1) {
        throw std::system_error(EINVAL, std::generic_category(), address);
    }
    return in;
}

inline void connect_to(const Socket& socket, const sockaddr_in& to) {
    check(connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
}

/// A listening socket on a free loopback port, and that port's address.
inline std::pair<Socket, sockaddr_in> listen_on_loopback() {
    Socket listener;
    auto at = address_of("127.0.0.1", 0);
    socklen_t size = sizeof at;
    check(bind(listener.fd(), reinterpret_cast<sockaddr*>(&at), size), "bind");
    check(listen(listener.fd(), 4096), "listen");
    check(getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&at), &size), "getsockname");
    return {std::move(listener), at};
}

/// The value below which that share of the samples lies. Sorts them.
inline double percentile(std::vector<double>& samples, double share) {
    std::sort(samples.begin(), samples.end());
    const auto last = static_cast<double>(samples.size() - 1);
    return samples.at(static_cast<std::size_t>(share * last + 0.5));
}

/// `{"name":value,…}`, one line.
class JsonLine {
  public:
    JsonLine& add(std::string_view name, double value) {
        text_ += text_.empty() ? '{' : ',';
        text_ += '"';
        text_ += name;
        text_ += "\":";
        text_ += std::to_string(value);
        return *this;
    }
    void print() const {
        const std::string line = text_ + "}\n";
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) {
            std::_Exit(1);
        }
    }

  private:
    std::string text_;
};

}  // namespace bench
