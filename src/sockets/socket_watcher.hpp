// The kernel's view of the program's sockets, by inet_diag (what `ss -tano` reads).
#pragma once

#include "ghostpeer/event/event.hpp"
#include "posix/file_descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::sockets {

/// Asks for all TCP sockets but listening ones and tells what changed. It never blocks.
class SocketWatcher {
  public:
    /// `fd` is a non-blocking NETLINK_SOCK_DIAG socket that was opened inside the program's network
    /// namespace; it is closed with the watcher. `netstat`: see AbortCounter. At most `max_sockets`
    /// are followed: those beyond are ignored, which `notice` says once.
    explicit SocketWatcher(int fd, FileDescriptor netstat = {}, std::size_t max_sockets = 1000);
    ~SocketWatcher();
    SocketWatcher(const SocketWatcher&) = delete;
    SocketWatcher& operator=(const SocketWatcher&) = delete;

    /// To poll for reading.
    [[nodiscard]] int fd() const noexcept;
    /// Asks for the sockets, IPv4 and then IPv6. Does nothing while an answer is under way.
    void request(Instant now);
    /// Is an answer under way?
    [[nodiscard]] bool asking() const noexcept;
    /// How many times all sockets have been listed.
    [[nodiscard]] std::uint64_t rounds() const noexcept;
    /// There were more sockets than are followed.
    [[nodiscard]] bool overflowed() const noexcept;
    /// When the next timer of a socket is to fire, as the latest answer said.
    [[nodiscard]] std::optional<Instant> next_due() const;
    /// Asks the kernel to tell of sockets that are destroyed (SKNLGRP_INET_TCP_DESTROY); false
    /// where it does not.
    bool subscribe();
    void unsubscribe();
    /// Does the kernel tell how many sockets it gives up?
    [[nodiscard]] bool counts_aborts() const noexcept;
    /// How many it has given up by now; nothing where it does not tell.
    [[nodiscard]] std::optional<std::uint64_t> aborts();
    /// Takes what the kernel has answered and told, and appends the changes in their order. Call
    /// when `fd` is readable; a call too many does nothing. One call reads a bounded number of
    /// bytes.
    void read(Instant now, std::vector<event::Socket>& changes);
    /// A sentence, once: the limit was reached, or the kernel refused and watching has ended.
    [[nodiscard]] std::optional<std::string> take_notice();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ghostpeer::sockets
