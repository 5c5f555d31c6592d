// Which TCP ports somebody listens on in the calling process's network.
#pragma once

#include <cstdint>
#include <istream>
#include <map>

namespace ghostpeer::servers {

/// By their ports: is it on IPv6 alone?
using ListeningPorts = std::map<std::uint16_t, bool>;

/// Adds those of a file like /proc/net/tcp or, for `ipv6`, /proc/net/tcp6.
void read_listening_ports(std::istream& table, bool ipv6, ListeningPorts& ports);

[[nodiscard]] ListeningPorts listening_ports();

}  // namespace ghostpeer::servers
