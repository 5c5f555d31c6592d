// One connection to a real server: a non-blocking socket and the bytes that it has not taken yet.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "posix/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

namespace ghostpeer::upstream {

/// All calls return at once. Errors are errno values; 0 is none.
class Socket {
  public:
    /// Begins to connect. The error is of what failed at once; EINPROGRESS does not count.
    [[nodiscard]] int connect(const wire::Endpoint& to);
    /// The same with a TCP socket that somebody else has made, non-blocking.
    [[nodiscard]] int connect(const wire::Endpoint& to, FileDescriptor made);
    /// Takes over a stream that is connected, non-blocking.
    void adopt(FileDescriptor stream) noexcept { fd_ = std::move(stream); }
    /// The outcome, once the socket is writable: 0, or why there is no connection.
    [[nodiscard]] int connect_result() const;

    /// Queues bytes, behind those that wait.
    void give(std::vector<std::uint8_t>&& bytes);
    /// Writes what the kernel takes; returns how many bytes that were.
    [[nodiscard]] std::size_t write_some(int& error);
    [[nodiscard]] bool has_backlog() const noexcept { return !backlog_.empty(); }
    /// Nobody takes what waits; returns how many bytes that were.
    std::size_t drop_backlog() noexcept;
    /// FIN, once nothing waits.
    void shutdown_when_written() noexcept { finish_ = true; }
    void shutdown_if_due();

    /// Reads into the buffer. 0 bytes: the server has finished, or there is an error (EAGAIN:
    /// nothing now).
    [[nodiscard]] std::size_t read_some(std::span<std::uint8_t> into, int& error) const;

    /// RST instead of FIN when the socket is closed.
    void linger_not() const;
    void close() noexcept { fd_.reset(); }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  private:
    FileDescriptor fd_;
    std::deque<std::vector<std::uint8_t>> backlog_;
    std::size_t written_ = 0;  ///< of the first
    bool finish_ = false;
};

}  // namespace ghostpeer::upstream
