#include "warp/standard_input.hpp"

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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

[[nodiscard]] bool keep(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(file, text.data(), text.size());
        if (written <= 0) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

StandardInput::StandardInput(Parts parts) : parts_(std::move(parts)) {}

/// False where a signal says to end, or time is up.
bool StandardInput::wait_for_more() {
    const Duration start = parts_.clock();
    while (true) {
        std::array<pollfd, 2> events{{{STDIN_FILENO, POLLIN, 0}, {parts_.signal_fd, POLLIN, 0}}};
        const Duration until =
            told_ ? parts_.wall_end : std::min(parts_.wall_end, start + patience);
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - parts_.clock()).count();
        constexpr std::int64_t longest = 60'000;
        poll(events.data(), events.size(),
             static_cast<int>(std::clamp<std::int64_t>(left, 0, longest)));
        while (const auto number = parts_.next_signal()) {
            if (*number == SIGINT || *number == SIGTERM || *number == SIGHUP ||
                *number == SIGQUIT) {
                interrupted_ = number;
                return false;
            }
        }
        if (parts_.clock() >= parts_.wall_end) {
            out_of_time_ = true;
            return false;
        }
        if (events[0].revents != 0) {
            return true;
        }
        if (!told_ && parts_.clock() >= start + patience) {
            told_ = true;
            parts_.tell(
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
        if (!wait_for_more()) {
            return interrupted_
                       ? tl::expected<void, std::string>()
                       : tl::make_unexpected(fmt::format(
                             "The run was ended after {:.0f} s of real time (--wall-timeout), and "
                             "standard input, which --warp reads first, had not ended. Give it "
                             "`</dev/null` if COMMAND reads none.",
                             to_seconds(parts_.wall_end)));
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
        if (static_cast<std::uint64_t>(at - begin_) > parts_.most_bytes) {
            return tl::make_unexpected(fmt::format(
                "Standard input is longer than the {} MiB that --warp keeps of it in memory for "
                "the guest. Raise the limit with --max-memory, or let COMMAND read a file.",
                parts_.most_bytes / (1024 * 1024)));
        }
        if (!keep(file.get(), {buffer.data(), static_cast<std::size_t>(got)})) {
            return tl::make_unexpected(
                fmt::format("Standard input cannot be kept in {} for the guest: {}. Make room "
                            "there.",
                            to.parent_path().string(), std::strerror(errno)));
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
