#include "http/client.hpp"

#include "http/response_reader.hpp"
#include "posix/file_descriptor.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace ghostpeer::http {
namespace {

[[nodiscard]] tl::unexpected<std::string> reason(int error) {
    return tl::make_unexpected(std::string(std::strerror(error)));
}

[[nodiscard]] bool wait(int fd, short events, const Exchange& what) {
    pollfd ready{fd, events, 0};
    int n = 0;
    do {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(what.until - what.now());
        const auto patience = std::clamp(left, std::chrono::milliseconds(0), what.patience);
        n = ::poll(&ready, 1, static_cast<int>(patience.count()));
    } while (n < 0 && errno == EINTR);
    return n > 0 && what.now() < what.until;
}

struct Target {
    sockaddr_storage address{};
    socklen_t size = 0;
    int family = AF_UNSPEC;
};

[[nodiscard]] tl::expected<Target, std::string> target_of(const Place& place) {
    Target target;
    if (!place.path.empty()) {
        auto* const to = reinterpret_cast<sockaddr_un*>(&target.address);
        if (place.path.size() >= sizeof to->sun_path) {
            return reason(ENAMETOOLONG);
        }
        to->sun_family = AF_UNIX;
        std::memcpy(to->sun_path, place.path.data(), place.path.size());
        target.size = sizeof *to;
    } else if (auto* const v4 = reinterpret_cast<sockaddr_in*>(&target.address);
               ::inet_pton(AF_INET, place.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(static_cast<std::uint16_t>(place.port));
        target.size = sizeof *v4;
    } else {
        auto* const v6 = reinterpret_cast<sockaddr_in6*>(&target.address);
        if (::inet_pton(AF_INET6, place.host.c_str(), &v6->sin6_addr) != 1) {
            return tl::make_unexpected(std::string("that is no address"));
        }
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(static_cast<std::uint16_t>(place.port));
        target.size = sizeof *v6;
    }
    target.family = target.address.ss_family;
    return target;
}

[[nodiscard]] tl::expected<FileDescriptor, std::string> connect_to(const Exchange& what) {
    const auto target = target_of(what.to);
    if (!target) {
        return tl::make_unexpected(target.error());
    }
    FileDescriptor fd(::socket(target->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        return reason(errno);
    }
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&target->address), target->size) ==
        0) {
        return fd;
    }
    if (errno != EINPROGRESS) {
        return reason(errno == EAGAIN ? ETIMEDOUT : errno);  // a Unix socket's backlog is full
    }
    int error = ETIMEDOUT;
    socklen_t size = sizeof error;
    if (wait(fd.get(), POLLOUT, what)) {
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    return error == 0 ? tl::expected<FileDescriptor, std::string>(std::move(fd)) : reason(error);
}

[[nodiscard]] std::string text_of(const Exchange& what) {
    const Request& request = what.request;
    const std::string host = !what.to.path.empty() ? "localhost"
                             : what.to.host.find(':') == std::string::npos
                                 ? fmt::format("{}:{}", what.to.host, what.to.port)
                                 : fmt::format("[{}]:{}", what.to.host, what.to.port);
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                   request.method, request.target, host);
    for (const auto& [name, value] : request.headers) {
        text += fmt::format("{}: {}\r\n", name, value);
    }
    if (!request.body.empty() || request.method != "GET") {
        text += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    return text + "\r\n" + request.body;
}

/// A refusal may come before all was sent; so an error shows when the answer is read.
void send_all(int fd, std::string_view text, const Exchange& what) {
    while (!text.empty() && wait(fd, POLLOUT, what)) {
        const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            return;
        }
        text.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
}

}  // namespace

tl::expected<int, std::string> exchange(const Exchange& what) {
    const auto fd = connect_to(what);
    if (!fd) {
        return tl::make_unexpected(fd.error());
    }
    send_all(fd->get(), text_of(what), what);
    ResponseReader reader;
    std::array<char, 16 * 1024> buffer{};
    while (true) {
        if (!wait(fd->get(), POLLIN, what)) {
            return tl::make_unexpected(std::string("no answer came in time"));
        }
        const ssize_t got = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        std::string content;
        if (got > 0) {
            std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
            reader.read(bytes, content);
        } else {
            reader.end();
        }
        if (!content.empty() && !what.receive(reader.status(), content)) {
            return reader.status();
        }
        if (reader.state() == ResponseReader::State::whole) {
            return reader.status();
        }
        if (reader.state() == ResponseReader::State::broken) {
            return tl::make_unexpected(std::string(got > 0 ? "what it says is no HTTP answer"
                                                           : "no answer came, or it broke off"));
        }
    }
}

}  // namespace ghostpeer::http
