// Packets through a TUN device.
#pragma once

#include "link/link.hpp"

#include <memory>
#include <string>

namespace ghostpeer::link {

/// Creates the TUN device `name` in the calling thread's network namespace, down and without
/// addresses; it lives as long as the descriptor. Needs CAP_NET_ADMIN there.
[[nodiscard]] tl::expected<FileDescriptor, Error> open_tun_device(const std::string& name);

/// A link over the descriptor of `open_tun_device`, in any process and namespace. `mtu` is that
/// of the device, in bytes.
[[nodiscard]] std::unique_ptr<Link> make_tun_link(FileDescriptor tun, std::uint16_t mtu);

}  // namespace ghostpeer::link
