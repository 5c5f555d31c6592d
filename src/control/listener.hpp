// Where the control interface is reached: a Unix socket, or TCP on loopback.
#pragma once

#include "control/socket_file.hpp"
#include "posix/file_descriptor.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
    /// In a private directory of the user's, below $XDG_RUNTIME_DIR, /dev/shm or /tmp. What killed
    /// processes left there is removed. Costs some ten microseconds. The error is sentences.
    [[nodiscard]] static tl::expected<Listener, std::string> open_private();
    /// `owner`: who is to have a Unix socket. The error is a complete sentence.
    [[nodiscard]] static tl::expected<Listener, std::string> open(
        const Address& wanted, const std::optional<Owner>& owner = std::nullopt);

    Listener(Listener&& other) noexcept
        : fd_(std::move(other.fd_)),
          file_(std::move(other.file_)),
          address_(std::move(other.address_)),
          folder_(std::exchange(other.folder_, {})) {
        other.file_.reset();
    }
    Listener& operator=(Listener&&) = delete;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener();

    [[nodiscard]] int fd() const noexcept { return file_ ? file_->listening() : fd_.get(); }
    /// Nothing on TCP.
    [[nodiscard]] const std::optional<SocketFile>& file() const noexcept { return file_; }
    /// Somebody else removes the Unix socket's name.
    void leave() noexcept {
        if (file_) {
            file_->leave();
        }
    }
    [[nodiscard]] const Address& address() const noexcept { return address_; }

  private:
    /// Nothing, and why: an errno.
    [[nodiscard]] static std::optional<Listener> open_in(const std::string& folder, int& error);

    Listener(FileDescriptor fd, std::optional<SocketFile> file, Address address, std::string folder)
        : fd_(std::move(fd)),
          file_(std::move(file)),
          address_(std::move(address)),
          folder_(std::move(folder)) {}

    FileDescriptor fd_;  ///< of TCP
    std::optional<SocketFile> file_;
    Address address_;
    std::string folder_;  ///< removed too, where it is empty then
};

}  // namespace ghostpeer::control
