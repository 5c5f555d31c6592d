// A port at which the kernel is silent, so that somebody else may answer there.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "link/link.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::link {

/// A TCP socket that listens at `place`, for what comes over the interface `lo`, behind a filter
/// that drops everything before the kernel's TCP sees it: no SYN-ACK, no RST, nothing. It needs no
/// privilege beyond that for ports below net.ipv4.ip_unprivileged_port_start, and ends with its
/// last descriptor. The address 0.0.0.0 or :: is every one of its family that `lo` has; at an
/// address of another interface the port is silent to other machines, too. Port 0 is any that is
/// free (`place` then has it).
[[nodiscard]] tl::expected<FileDescriptor, Error> guard_port(wire::Endpoint& place);

/// A process that has sockets open.
struct Owner {
    int pid = 0;
    std::string name;  ///< as `ps` has it, cut to 15 bytes
};

/// Why a port cannot be guarded. `owners`: those who listen there, as far as that is known.
[[nodiscard]] Error guard_failure(const wire::Endpoint& place, int code,
                                  const std::vector<Owner>& owners);

/// The inodes of the sockets that listen on `port`, from the text of /proc/net/tcp or tcp6.
[[nodiscard]] std::vector<std::string> listening_inodes(std::string_view table, std::uint16_t port);

}  // namespace ghostpeer::link
