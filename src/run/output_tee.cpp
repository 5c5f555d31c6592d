#include "run/output_tee.hpp"

#include "sandbox/inheritance.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace ghostpeer::run {
namespace {

constexpr std::size_t most_kept = std::size_t{1} << 20;
constexpr std::size_t most_backlog = std::size_t{64} << 10;

[[nodiscard]] std::string tee_problem(std::string_view what) {
    return fmt::format(
        "COMMAND's output cannot be read along, as an expectation asks: {}: {}. If the limit on "
        "open files is reached, raise it (`ulimit -n`).",
        what, std::strerror(errno));
}

[[nodiscard]] bool same_file(int a, int b) {
    struct stat first {};
    struct stat second {};
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

[[nodiscard]] bool open_for_writing(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

/// A terminal like that of `model`; the bytes come out as they went in, for the real one does to
/// them what it does.
[[nodiscard]] bool open_terminal(int model, FileDescriptor& reader, FileDescriptor& writer) {
    FileDescriptor master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master || grantpt(master.get()) != 0 || unlockpt(master.get()) != 0) {
        return false;
    }
    std::array<char, PATH_MAX> name{};
    if (ptsname_r(master.get(), name.data(), name.size()) != 0) {
        return false;
    }
    FileDescriptor slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave) {
        return false;
    }
    termios settings{};
    if (tcgetattr(model, &settings) == 0) {
        settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
        settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(slave.get(), TCSANOW, &settings);
    }
    winsize size{};
    if (ioctl(model, TIOCGWINSZ, &size) == 0) {
        ioctl(slave.get(), TIOCSWINSZ, &size);
    }
    reader = std::move(master);
    writer = std::move(slave);
    return true;
}

[[nodiscard]] bool open_pipe(FileDescriptor& reader, FileDescriptor& writer) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return false;
    }
    reader = FileDescriptor(ends[0]);
    writer = FileDescriptor(ends[1]);
    return true;
}

[[nodiscard]] bool takes_more(int fd, int timeout_ms) {
    pollfd ready{fd, POLLOUT, 0};
    return poll(&ready, 1, timeout_ms) > 0;
}

}  // namespace

tl::expected<std::unique_ptr<OutputTee>, std::string> OutputTee::open() {
    // What is closed stays so for COMMAND, and must not become one of our own descriptors.
    const std::array<bool, 2> given{open_for_writing(STDOUT_FILENO),
                                    open_for_writing(STDERR_FILENO)};
    sandbox::reserve_standard_descriptors();
    std::unique_ptr<OutputTee> tee(new OutputTee());
    tee->epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
    if (!tee->epoll_) {
        return tl::unexpected(tee_problem("epoll"));
    }
    tee->streams_.reserve(2);
    for (std::size_t i = 0; i < given.size(); ++i) {
        const int target = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
        if (!given.at(i)) {
            continue;
        }
        if (i == 1 && given[0] && same_file(STDOUT_FILENO, STDERR_FILENO)) {
            tee->stream_of_[1] = tee->stream_of_[0];
            continue;
        }
        if (std::string problem = tee->add(target); !problem.empty()) {
            return tl::unexpected(std::move(problem));
        }
        tee->stream_of_.at(i) = tee->streams_.size() - 1;
    }
    return tee;
}

std::string OutputTee::add(int target) {
    Stream stream;
    stream.target = target;
    const bool terminal = isatty(target) == 1;
    if (!(terminal ? open_terminal(target, stream.reader, stream.writer)
                   : open_pipe(stream.reader, stream.writer))) {
        return tee_problem(terminal ? "a pseudo-terminal" : "a pipe");
    }
    if (fcntl(stream.reader.get(), F_SETFL, O_NONBLOCK) != 0) {
        return tee_problem("a descriptor");
    }
    streams_.push_back(std::move(stream));
    set_interest(streams_.back());
    return streams_.back().watches_reader ? "" : tee_problem("epoll");
}

std::array<int, 2> OutputTee::ends() const noexcept {
    std::array<int, 2> ends{-1, -1};
    for (std::size_t i = 0; i < ends.size(); ++i) {
        if (stream_of_.at(i) != none) {
            ends.at(i) = streams_[stream_of_.at(i)].writer.get();
        }
    }
    return ends;
}

void OutputTee::launched() noexcept {
    for (Stream& stream : streams_) {
        stream.writer.reset();
    }
}

bool OutputTee::attend(Instant /*now*/) {
    for (Stream& stream : streams_) {
        if (!stream.over) {
            pump(stream);
        }
    }
    return true;
}

void OutputTee::pump(Stream& stream) {
    // Others have their turn now and then.
    constexpr int most_turns = 16;
    for (int turn = 0; turn < most_turns && !stream.over; ++turn) {
        write_on(stream);
        if (stream.over || stream.backlog.size() >= most_backlog || !read_on(stream)) {
            break;
        }
    }
    if (!stream.over) {
        write_on(stream);
    }
    if (!stream.over) {
        set_interest(stream);
    }
}

void OutputTee::write_on(Stream& stream) {
    while (!stream.backlog.empty() && takes_more(stream.target, 0)) {
        // Where there is room in a pipe at all, there is room for a piece of this size.
        const ssize_t written = write(stream.target, stream.backlog.data(),
                                      std::min<std::size_t>(stream.backlog.size(), PIPE_BUF));
        if (written > 0) {
            stream.backlog.erase(0, static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            // Nobody reads any more: COMMAND shall notice as it would have without us.
            close(stream);
            return;
        }
    }
}

bool OutputTee::read_on(Stream& stream) {
    std::array<char, 16384> buffer{};
    const ssize_t got = read(stream.reader.get(), buffer.data(), buffer.size());
    if (got > 0) {
        const auto size = static_cast<std::size_t>(got);
        stream.backlog.append(buffer.data(), size);
        stream.text.append(buffer.data(), size);
        if (stream.text.size() > 2 * most_kept) {
            stream.text.erase(0, stream.text.size() - most_kept);
        }
        return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    // The end; of a terminal it is EIO.
    watch(stream.reader.get(), 0, stream.watches_reader);
    stream.reader.reset();
    if (stream.backlog.empty()) {
        close(stream);
    }
    return false;
}

// A descriptor that nothing is wanted of would still report its hang-up, again and again.
bool OutputTee::watch(int fd, std::uint32_t events, bool& watched) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (watched != (events != 0)) {
        const int order = watched ? EPOLL_CTL_DEL : EPOLL_CTL_ADD;
        if (epoll_ctl(epoll_.get(), order, fd, &event) != 0) {
            return false;
        }
        watched = !watched;
    }
    return true;
}

void OutputTee::set_interest(Stream& stream) {
    if (stream.reader) {
        const bool room = stream.backlog.size() < most_backlog;
        watch(stream.reader.get(), room ? EPOLLIN : 0U, stream.watches_reader);
    }
    // EPERM: a file, which always takes more, so that nothing is left for it.
    watch(stream.target, stream.backlog.empty() ? 0U : EPOLLOUT, stream.watches_target);
}

void OutputTee::close(Stream& stream) {
    if (stream.reader) {
        watch(stream.reader.get(), 0, stream.watches_reader);
    }
    watch(stream.target, 0, stream.watches_target);
    stream.reader.reset();
    stream.backlog.clear();
    stream.over = true;
}

void OutputTee::finish() {
    constexpr int patience_ms = 1000;
    for (Stream& stream : streams_) {
        stream.writer.reset();
        while (!stream.over) {
            write_on(stream);
            if (stream.over) {
                break;
            }
            if (stream.backlog.empty()) {
                if (!stream.reader || !read_on(stream)) {
                    close(stream);
                }
            } else if (!takes_more(stream.target, patience_ms)) {
                close(stream);
            }
        }
    }
}

std::vector<std::string> OutputTee::texts() const {
    std::vector<std::string> texts;
    for (const Stream& stream : streams_) {
        texts.push_back(stream.text.size() > most_kept
                            ? stream.text.substr(stream.text.size() - most_kept)
                            : stream.text);
    }
    return texts;
}

}  // namespace ghostpeer::run
