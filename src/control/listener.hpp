// Where the control interface is reached: a Unix socket, or TCP on loopback.
#pragma once

#include "posix/file_descriptor.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::control {

/// `unix:/run/user/1000/ghostpeer/7.sock` or `http://127.0.0.1:8000`.
struct Address {
    std::string path;  ///< of a Unix socket; empty: TCP
    std::string host;  ///< a loopback address, without brackets
    int port = 0;      ///< 0: any that is free

    [[nodiscard]] bool is_tcp() const noexcept { return path.empty(); }
    /// As GHOSTPEER_CONTROL has it.
    [[nodiscard]] std::string to_string() const;
};

/// `unix:PATH`, a path with a `/`, `HOST:PORT`, `http://HOST:PORT`, where HOST is `localhost` or a
/// loopback address. The error is a complete sentence.
[[nodiscard]] tl::expected<Address, std::string> parse_address(std::string_view text);

/// A listening socket. A Unix socket has mode 0600 and goes with this object.
class Listener {
  public:
    /// In a private directory of the user's, below $XDG_RUNTIME_DIR, /dev/shm or
    /// /tmp. What killed processes
    /// left there is removed. Costs some ten microseconds. The error is a complete sentence.
    [[nodiscard]] static tl::expected<Listener, std::string> open_private();
    /// The error is a complete sentence.
    [[nodiscard]] static tl::expected<Listener, std::string> open(const Address& wanted);

    Listener(Listener&& other) noexcept = default;
    Listener& operator=(Listener&&) = delete;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const Address& address() const noexcept { return address_; }

  private:
    Listener(FileDescriptor fd, Address address, std::string folder)
        : fd_(std::move(fd)), address_(std::move(address)), folder_(std::move(folder)) {}

    FileDescriptor fd_;
    Address address_;
    std::string folder_;  ///< removed too, where it is empty then
};

}  // namespace ghostpeer::control
