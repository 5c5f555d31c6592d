#include "warp/output_relay.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace ghostpeer::warp {
namespace {

constexpr std::size_t piece = std::size_t{256} * 1024;
constexpr std::uint64_t forget_step = std::uint64_t{16} * 1024 * 1024;

[[nodiscard]] bool takes_now(int fd) {
    pollfd target{fd, POLLOUT, 0};
    return poll(&target, 1, 0) > 0;
}

}  // namespace

OutputRelay::OutputRelay(FileDescriptor file, int target)
    : file_(std::move(file)), target_(target), buffer_(piece) {
    struct stat found {};
    may_block_ = fstat(target, &found) == 0 && (S_ISFIFO(found.st_mode) || S_ISSOCK(found.st_mode));
}

void OutputRelay::pump() {
    while (true) {
        const ssize_t got =
            pread(file_.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(done_));
        if (got <= 0) {
            return;
        }
        const auto size = static_cast<std::size_t>(got);
        if (!write_some(buffer_.data(), size)) {
            return;
        }
        forget_written();
    }
}

/// True if all was written.
bool OutputRelay::write_some(const char* bytes, std::size_t size) {
    while (size > 0) {
        if (broken_) {
            done_ += size;
            return true;
        }
        if (!takes_now(target_)) {
            return false;
        }
        // poll() promises PIPE_BUF bytes of room.
        const std::size_t now = may_block_ ? std::min<std::size_t>(size, PIPE_BUF) : size;
        const ssize_t written = write(target_, bytes, now);
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            if (errno == EAGAIN) {
                return false;
            }
            broken_ = true;
            continue;
        }
        bytes += written;
        size -= static_cast<std::size_t>(written);
        done_ += static_cast<std::uint64_t>(written);
    }
    return true;
}

/// What was carried over needs no memory any more.
void OutputRelay::forget_written() {
    if (done_ - forgotten_ >= forget_step) {
        static_cast<void>(fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                    static_cast<off_t>(forgotten_),
                                    static_cast<off_t>(done_ - forgotten_)));
        forgotten_ = done_;
    }
}

std::uint64_t OutputRelay::backlog() const {
    struct stat found {};
    if (fstat(file_.get(), &found) != 0) {
        return 0;
    }
    const auto size = static_cast<std::uint64_t>(found.st_size);
    return size > done_ ? size - done_ : 0;
}

}  // namespace ghostpeer::warp
