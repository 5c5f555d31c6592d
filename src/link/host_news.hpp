// What the host says of its own interfaces and addresses, beside a peer that has some.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "posix/file_descriptor.hpp"

#include <vector>

namespace ghostpeer::link {

/// Readable where the host has some; empty where the kernel gives none.
[[nodiscard]] FileDescriptor open_news();

/// What the administrator of this host has done meanwhile.
struct HostNews {
    std::vector<wire::IpAddress> addresses;  ///< that this host has now, on any interface
    bool gone = false;                       ///< the interface `index` is not here any more
};
[[nodiscard]] HostNews read_news(const FileDescriptor& news, int index);

}  // namespace ghostpeer::link
