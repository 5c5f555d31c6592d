#include "show/output_file.hpp"

#include "show/open_output.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace ghostpeer::show {

namespace {

constexpr std::size_t write_at = 64 * 1024;
constexpr std::size_t compact_at = 1024 * 1024;
constexpr int wait_slice_ms = 5;

bool writable(int fd, int timeout_ms) {
    pollfd entry{fd, POLLOUT, 0};
    // POLLERR and POLLHUP count as writable: the write then says what is wrong.
    return ::poll(&entry, 1, timeout_ms) > 0;
}

}  // namespace

tl::expected<OutputFile, std::string> OutputFile::open(const std::string& path, std::string what,
                                                       Patience patience) {
    auto file = open_output(path);
    if (!file) {
        return tl::unexpected(
            fmt::format("The {} cannot be written to {}: {}", what, path, file.error()));
    }
    return OutputFile(file->release(), true, path, std::move(what), patience);
}

OutputFile OutputFile::adopt(int fd, std::string name, std::string what, Patience patience) {
    return {fd, false, std::move(name), std::move(what), patience};
}

OutputFile::OutputFile(int fd, bool owned, std::string name, std::string what, Patience patience)
    : fd_(fd), owned_(owned), name_(std::move(name)), what_(std::move(what)), patience_(patience) {
    choose_mode();
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      owned_(std::exchange(other.owned_, false)),
      regular_(other.regular_),
      mode_(other.mode_),
      error_(other.error_),
      name_(std::move(other.name_)),
      what_(std::move(other.what_)),
      patience_(other.patience_),
      buffer_(std::exchange(other.buffer_, {})),
      head_(std::exchange(other.head_, 0)),
      ends_(std::exchange(other.ends_, {})),
      first_(std::exchange(other.first_, 0)),
      lost_(other.lost_) {}

OutputFile::~OutputFile() {
    if (fd_ >= 0) {
        finish();
        close();
    }
}

void OutputFile::close() noexcept {
    if (owned_) {
        ::close(fd_);
    }
    fd_ = -1;
}

// O_NONBLOCK belongs to the open file description, which COMMAND shares where this is standard
// error. Opening the same pipe or terminal once more gives a description of our own.
void OutputFile::choose_mode() {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) {
        return;
    }
    regular_ = owned_ && S_ISREG(status.st_mode);
    if (S_ISSOCK(status.st_mode)) {
        mode_ = Mode::socket;
    } else if (owned_ && !S_ISREG(status.st_mode)) {
        mode_ = Mode::nonblocking;  // opened so, and by nobody else
    } else if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)) {
        const auto path = fmt::format("/proc/self/fd/{}", fd_);
        const int own = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (own < 0) {
            mode_ = Mode::polled;
            return;
        }
        close();
        fd_ = own;
        owned_ = true;
        mode_ = Mode::nonblocking;
    }
}

void OutputFile::write(std::string_view record) {
    if (error_ != 0) {
        ++lost_;
        return;
    }
    if (buffer_.size() - head_ + record.size() > patience_.backlog) {
        drain();
        if (error_ != 0 || buffer_.size() - head_ + record.size() > patience_.backlog) {
            ++lost_;
            return;
        }
    }
    const std::size_t before = buffer_.size();
    buffer_.append(record);
    ends_.push_back(buffer_.size());
    // Once for each `write_at` bytes: a reader that does not read costs one try for as many.
    if (before / write_at != buffer_.size() / write_at) {
        drain();
    }
}

void OutputFile::replace(std::string_view record) {
    drain();
    // What stands there is overwritten first, and cut to size then: where the disk is full, or the
    // process is killed, a part of the new is left and never nothing.
    if (error_ == 0 && ::lseek(fd_, 0, SEEK_SET) != 0) {
        error_ = errno;
    }
    write(record);
    drain();
    if (error_ == 0 && ::ftruncate(fd_, static_cast<off_t>(record.size())) != 0) {
        error_ = errno;
        ++lost_;
    }
}

void OutputFile::flush() { drain(); }

void OutputFile::finish() {
    int waited_ms = 0;
    drain();
    while (pending() && waited_ms < patience_.finish_ms) {
        waited_ms += writable(fd_, wait_slice_ms) ? 1 : wait_slice_ms;
        drain();
    }
    drop_pending();
}

// Pipes and terminals get whole records of at most PIPE_BUF bytes, so that lines do not mix with
// those that COMMAND writes to the same place (pipe(7)).
std::size_t OutputFile::next_chunk() const {
    const std::size_t all = buffer_.size() - head_;
    if (mode_ == Mode::plain || all <= PIPE_BUF) {
        return all;
    }
    std::size_t chunk = 0;
    for (std::size_t i = first_; i < ends_.size() && ends_[i] - head_ <= PIPE_BUF; ++i) {
        chunk = ends_[i] - head_;
    }
    return chunk > 0 ? chunk : PIPE_BUF;
}

long OutputFile::write_some(const char* bytes, std::size_t n) const {
    switch (mode_) {
        case Mode::socket: return ::send(fd_, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        case Mode::polled:
            if (!writable(fd_, 0)) {
                errno = EAGAIN;
                return -1;
            }
            return ::write(fd_, bytes, n);
        case Mode::plain:
        case Mode::nonblocking: break;
    }
    return ::write(fd_, bytes, n);
}

void OutputFile::drain() {
    while (pending() && error_ == 0) {
        const long n = write_some(buffer_.data() + head_, next_chunk());
        if (n >= 0) {
            advance(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        } else if (errno != EINTR) {
            error_ = errno;
            drop_pending();
        }
    }
}

void OutputFile::advance(std::size_t n) {
    head_ += n;
    while (first_ < ends_.size() && ends_[first_] <= head_) {
        ++first_;
    }
    if (head_ == buffer_.size()) {
        buffer_.clear();
        ends_.clear();
        head_ = 0;
        first_ = 0;
    } else if (head_ >= compact_at) {
        buffer_.erase(0, head_);
        ends_.erase(ends_.begin(), ends_.begin() + static_cast<std::ptrdiff_t>(first_));
        for (auto& end : ends_) {
            end -= head_;
        }
        head_ = 0;
        first_ = 0;
    }
}

void OutputFile::drop_pending() {
    lost_ += ends_.size() - first_;
    buffer_.clear();
    ends_.clear();
    head_ = 0;
    first_ = 0;
}

std::optional<std::string> OutputFile::lost() const {
    if (lost_ == 0) {
        return std::nullopt;
    }
    const auto* records = lost_ == 1 ? "record is" : "records are";
    if (error_ != 0) {
        return fmt::format("The {} in {} is cut short, {} {} missing at its end: {}.", what_, name_,
                           lost_, records, std::strerror(error_));
    }
    return fmt::format("The {} in {} has gaps, {} {} missing: its reader was too slow.", what_,
                       name_, lost_, records);
}

}  // namespace ghostpeer::show
