#include "run/notifier.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

namespace ghostpeer::run {

Notifier::Notifier() {
    const char* const path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::size_t size = path == nullptr ? 0 : std::strlen(path);
    if (size == 0 || size >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    std::memcpy(address.sun_path, path, size);
    if (path[0] == '@') {
        address.sun_path[0] = '\0';  // the abstract namespace
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket &&
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0) {
        socket_ = std::move(socket);
    }
}

void Notifier::tell(std::string_view lines) const {
    if (socket_) {
        (void)::send(socket_.get(), lines.data(), lines.size(), MSG_NOSIGNAL);
    }
}

}  // namespace ghostpeer::run
