// Where the program listens, by inet_diag (what `ss -tln` reads).
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::sockets {

/// A listening TCP socket of the program.
struct Listener {
    wire::Endpoint at;     ///< all zeros: every address
    bool v6_only = false;  ///< of an IPv6 socket; false: it takes IPv4 connections as well
};

/// Asks for all listening TCP sockets. It never blocks.
class ListenWatcher {
  public:
    /// `fd` is a non-blocking NETLINK_SOCK_DIAG socket that was opened inside the program's network
    /// namespace; it is closed with the watcher.
    explicit ListenWatcher(int fd);
    ~ListenWatcher();
    ListenWatcher(const ListenWatcher&) = delete;
    ListenWatcher& operator=(const ListenWatcher&) = delete;

    /// To poll for reading.
    [[nodiscard]] int fd() const noexcept;
    /// Asks, IPv4 and then IPv6. Does nothing while an answer is under way.
    void request();
    /// Takes what the kernel has answered: the sockets, once both answers are complete. Call when
    /// `fd` is readable; a call too many does nothing.
    [[nodiscard]] std::optional<std::vector<Listener>> read();
    /// Why the kernel does not answer, if it does not: a sentence.
    [[nodiscard]] const std::optional<std::string>& failure() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ghostpeer::sockets
