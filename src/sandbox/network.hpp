#pragma once

#include <cstdint>

#include <tl/expected.hpp>

#include "sandbox/netlink.hpp"
#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// The first privileged step in a namespace, which shows whether its privileges are real.
[[nodiscard]] tl::expected<void, netlink::Refusal> bring_up_loopback();

/// Addresses, routes and, on Ethernet, the static neighbour; what is there already stays.
[[nodiscard]] tl::expected<void, Error> configure_interface(const LinkEnd& link, std::uint16_t mtu);

/// Brings it into this state from any other. Not for `lo`.
[[nodiscard]] tl::expected<void, Error> set_interface(const LinkEnd& link, std::uint16_t mtu,
                                                      InterfaceState to);

}  // namespace ghostpeer::sandbox
