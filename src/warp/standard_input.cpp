#include "warp/standard_input.hpp"

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

namespace ghostpeer::warp {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 2s;
constexpr std::size_t most_at_once = std::size_t{256} * 1024;

}  // namespace

StandardInput::StandardInput(std::function<Duration()> clock, int signal_fd,
                             std::function<std::optional<int>()> next_signal,
                             std::function<void(std::string_view)> tell)
    : clock_(std::move(clock)),
      signal_fd_(signal_fd),
      next_signal_(std::move(next_signal)),
      tell_(std::move(tell)) {}

/// False where a signal says to end.
bool StandardInput::wait_for_more() {
    const Duration start = clock_();
    while (true) {
        std::array<pollfd, 2> events{{{STDIN_FILENO, POLLIN, 0}, {signal_fd_, POLLIN, 0}}};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(start + patience - clock_());
        poll(events.data(), events.size(),
             told_ ? -1 : static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        while (const auto number = next_signal_()) {
            if (*number == SIGINT || *number == SIGTERM || *number == SIGHUP ||
                *number == SIGQUIT) {
                interrupted_ = number;
                return false;
            }
        }
        if (events[0].revents != 0) {
            return true;
        }
        if (!told_ && clock_() >= start + patience) {
            told_ = true;
            tell_(
                "--warp waits for the end of standard input, since time cannot be skipped while "
                "more may come. Give it `</dev/null` if COMMAND reads none.");
        }
    }
}

tl::expected<void, std::string> StandardInput::spool(const std::filesystem::path& to) {
    struct stat found {};
    if (fstat(STDIN_FILENO, &found) != 0 || S_ISCHR(found.st_mode) || S_ISBLK(found.st_mode)) {
        return {};
    }
    is_file_ = S_ISREG(found.st_mode);
    begin_ = is_file_ ? lseek(STDIN_FILENO, 0, SEEK_CUR) : 0;
    const FileDescriptor file(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    std::vector<char> buffer(most_at_once);
    long long at = begin_;
    while (file) {
        if (!is_file_ && !wait_for_more()) {
            return {};
        }
        const ssize_t got = is_file_ ? pread(STDIN_FILENO, buffer.data(), buffer.size(), at)
                                     : read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (got <= 0) {
            // An input that cannot be read (a folder) is empty for the guest.
            has_content_ = got == 0;
            return {};
        }
        at += got;
        std::string_view rest(buffer.data(), static_cast<std::size_t>(got));
        while (!rest.empty()) {
            const ssize_t written = write(file.get(), rest.data(), rest.size());
            if (written <= 0) {
                return tl::make_unexpected(
                    fmt::format("Standard input cannot be kept in {} for the guest: {}. Make room "
                                "there.",
                                to.parent_path().string(), std::strerror(errno)));
            }
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    return tl::make_unexpected(
        fmt::format("{} cannot be made: {}.", to.string(), std::strerror(errno)));
}

void StandardInput::consumed(long long bytes) const {
    if (is_file_ && has_content_) {
        lseek(STDIN_FILENO, begin_ + bytes, SEEK_SET);
    }
}

}  // namespace ghostpeer::warp
