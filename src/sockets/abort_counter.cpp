#include "sockets/abort_counter.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <system_error>

namespace ghostpeer::sockets {

namespace {

constexpr std::string_view counter = "TCPAbortOnTimeout";

/// The next word of a line; empty at its end.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const auto word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

std::string_view take_line(std::string_view& text) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

}  // namespace

std::optional<std::uint64_t> find_aborts(std::string_view netstat) {
    // A line of names, and one of values in the same order (net/ipv4/proc.c).
    while (!netstat.empty()) {
        auto names = take_line(netstat);
        auto values = take_line(netstat);
        for (auto name = take_word(names); !name.empty(); name = take_word(names)) {
            const auto value = take_word(values);
            if (name != counter) {
                continue;
            }
            std::uint64_t number = 0;
            const auto* const end = value.data() + value.size();
            const auto [stop, error] = std::from_chars(value.data(), end, number);
            return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> AbortCounter::read() {
    std::array<char, 16 * 1024> text{};
    std::size_t size = 0;
    while (active() && size < text.size()) {
        // The kernel makes the text anew for whoever reads from its beginning.
        const auto n =
            ::pread(file_.get(), text.data() + size, text.size() - size, static_cast<off_t>(size));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        size += static_cast<std::size_t>(n);
    }
    auto aborts = find_aborts({text.data(), size});
    if (!aborts) {
        file_.reset();
    }
    return aborts;
}

}  // namespace ghostpeer::sockets
