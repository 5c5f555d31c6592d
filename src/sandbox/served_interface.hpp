// A TUN device that stands beside the other interfaces of a namespace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "sandbox/error.hpp"

namespace ghostpeer::sandbox {

/// In the calling thread's network namespace: the interface is up, programs here speak from its
/// address 198.18.0.1 (2001:2::1), and packets to these addresses go through it, before any other
/// route but one as narrow. All of it goes with the interface. Needs CAP_NET_ADMIN.
[[nodiscard]] tl::expected<void, Error> configure_served_interface(
    const std::string& interface, std::uint16_t mtu, const std::vector<std::string>& addresses);

}  // namespace ghostpeer::sandbox
