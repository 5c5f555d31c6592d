#include "posix/message.hpp"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <string>

namespace ghostpeer {
namespace {

/// As far as `fd` takes it within reason: `patience_ms` for each piece, -1 for ever.
[[nodiscard]] bool write_all(int fd, std::string_view text, int patience_ms) {
    while (!text.empty()) {
        // Where there is room in a pipe at all, there is room for a piece of this size.
        pollfd ready{fd, POLLOUT, 0};
        const int n = poll(&ready, 1, patience_ms);
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        if (n < 0) {
            continue;
        }
        const ssize_t written =
            write(fd, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR && errno != EAGAIN) {
            return false;
        }
    }
    return true;
}

}  // namespace

void print_message(std::string_view text, std::chrono::milliseconds patience) {
    // Nobody may be reading what standard error leads to; the run has to end all the same.
    static_cast<void>(write_all(STDERR_FILENO, text, static_cast<int>(patience.count())));
}

void complain(std::string_view sentence, std::chrono::milliseconds patience) {
    // Some sentences begin with the name already.
    const bool named = sentence.starts_with("ghostpeer");
    print_message((named ? "" : "ghostpeer: ") + std::string(sentence) + '\n', patience);
}

bool shows_colour(int fd) noexcept {
    const char* const no_colour = std::getenv("NO_COLOR");
    return ::isatty(fd) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

bool print_output(std::string_view text) { return write_all(STDOUT_FILENO, text, -1); }

}  // namespace ghostpeer
