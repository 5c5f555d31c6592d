#include "upstream/socket.hpp"

#include "posix/socket_address.hpp"

#include <netinet/tcp.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace ghostpeer::upstream {
namespace {

constexpr std::size_t most_pieces = 64;

}  // namespace

int Socket::connect(const wire::Endpoint& to) {
    FileDescriptor made(socket(socket_address(to).family(),
                               SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
    return made ? connect(to, std::move(made)) : errno;
}

int Socket::connect(const wire::Endpoint& to, FileDescriptor made) {
    const SocketAddress address = socket_address(to);
    fd_ = std::move(made);
    // The bytes come from a TCP that has cut them already as its writer wished.
    const int on = 1;
    setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(fd(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
        return errno;
    }
    return 0;
}

int Socket::connect_result() const {
    int error = 0;
    socklen_t size = sizeof(error);
    return getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

void Socket::give(std::vector<std::uint8_t>&& bytes) {
    if (!bytes.empty()) {
        backlog_.push_back(std::move(bytes));
    }
}

std::size_t Socket::write_some(int& error) {
    std::size_t total = 0;
    error = 0;
    while (!backlog_.empty()) {
        std::array<iovec, most_pieces> pieces{};
        const std::size_t count = std::min(backlog_.size(), pieces.size());
        for (std::size_t i = 0; i < count; ++i) {
            pieces.at(i) = {backlog_[i].data(), backlog_[i].size()};
        }
        pieces[0] = {backlog_[0].data() + written_, backlog_[0].size() - written_};
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        const ssize_t sent = sendmsg(fd(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            error = errno == EAGAIN ? 0 : errno;
            return total;
        }
        auto left = static_cast<std::size_t>(sent);
        total += left;
        while (left > 0) {
            const std::size_t rest = backlog_.front().size() - written_;
            if (left < rest) {
                written_ += left;
                break;
            }
            left -= rest;
            written_ = 0;
            backlog_.pop_front();
        }
    }
    return total;
}

std::size_t Socket::drop_backlog() noexcept {
    std::size_t total = 0;
    for (const auto& piece : backlog_) {
        total += piece.size();
    }
    total -= written_;
    written_ = 0;
    backlog_.clear();
    return total;
}

void Socket::shutdown_if_due() {
    if (finish_ && backlog_.empty()) {
        finish_ = false;
        ::shutdown(fd(), SHUT_WR);
    }
}

std::size_t Socket::read_some(std::span<std::uint8_t> into, int& error) const {
    while (true) {
        const ssize_t got = recv(fd(), into.data(), into.size(), 0);
        if (got >= 0) {
            error = 0;
            return static_cast<std::size_t>(got);
        }
        if (errno != EINTR) {
            error = errno;
            return 0;
        }
    }
}

void Socket::linger_not() const {
    const linger option{1, 0};
    setsockopt(fd(), SOL_SOCKET, SO_LINGER, &option, sizeof(option));
}

}  // namespace ghostpeer::upstream
