// A connection's socket as cpp-httplib wants it.
#pragma once

#include <httplib.h>

#include <array>
#include <chrono>

namespace ghostpeer::http {

/// Owns nothing. Waits at most `patience` for each read or write.
class SocketStream final : public httplib::Stream {
  public:
    SocketStream(int fd, std::chrono::milliseconds patience) : fd_(fd), patience_(patience) {}

    /// The beginning of another request within `patience`?
    [[nodiscard]] bool another(std::chrono::milliseconds patience) const;

    [[nodiscard]] bool is_readable() const override;
    [[nodiscard]] bool is_writable() const override;
    ssize_t read(char* to, size_t size) override;
    ssize_t write(const char* from, size_t size) override;
    void get_remote_ip_and_port(std::string& ip, int& port) const override;
    void get_local_ip_and_port(std::string& ip, int& port) const override;
    [[nodiscard]] socket_t socket() const override { return fd_; }

  private:
    [[nodiscard]] bool wait(short events, std::chrono::milliseconds patience) const;

    int fd_;
    std::chrono::milliseconds patience_;
    // The library reads lines byte by byte.
    std::array<char, 4096> buffer_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace ghostpeer::http
