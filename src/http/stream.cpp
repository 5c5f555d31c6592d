#include "http/stream.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ghostpeer::http {

bool SocketStream::wait(short events, std::chrono::milliseconds patience) const {
    pollfd ready{fd_, events, 0};
    int n = 0;
    do {
        n = ::poll(&ready, 1, static_cast<int>(patience.count()));
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

bool SocketStream::another(std::chrono::milliseconds patience) const {
    return begin_ < end_ || wait(POLLIN, patience);
}

bool SocketStream::is_readable() const { return begin_ < end_ || wait(POLLIN, patience_); }

bool SocketStream::is_writable() const { return wait(POLLOUT, patience_); }

ssize_t SocketStream::read(char* to, size_t size) {
    if (begin_ == end_) {
        if (!wait(POLLIN, patience_)) {
            return -1;
        }
        const ssize_t got = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
        if (got <= 0) {
            return got;
        }
        begin_ = 0;
        end_ = static_cast<std::size_t>(got);
    }
    const std::size_t n = std::min(size, end_ - begin_);
    std::memcpy(to, buffer_.data() + begin_, n);
    begin_ += n;
    return static_cast<ssize_t>(n);
}

ssize_t SocketStream::write(const char* from, size_t size) {
    if (!wait(POLLOUT, patience_)) {
        return -1;
    }
    return ::send(fd_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// The handler looks at who may ask; the library wants the addresses for its log alone.
void SocketStream::get_remote_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

void SocketStream::get_local_ip_and_port(std::string& ip, int& port) const {
    ip.clear();
    port = 0;
}

}  // namespace ghostpeer::http
