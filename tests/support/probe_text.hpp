// What ghostpeer-probe reads and prints: lines, sizes, times, addresses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::probe {

using Notes = std::vector<std::pair<std::string_view, std::string>>;

/// One line of output.
struct Line {
    std::string_view call;
    std::string arguments;
    std::int64_t result = 0;
    int error = 0;  ///< errno, or 0
    std::chrono::nanoseconds at{};
    std::chrono::nanoseconds took{};
    Notes notes;  ///< names and values; values as JSON
};

struct BadStep {
    std::string why;
};

struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    std::string text;
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

[[nodiscard]] std::string errno_name(int error);
[[nodiscard]] std::string json_string(std::string_view text);
/// Writes the line to standard output at once, as JSON or for people.
void print(const Line& line, bool json);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
/// The parsers throw BadStep.
[[nodiscard]] std::size_t parse_size(const std::string& text);
[[nodiscard]] std::chrono::nanoseconds parse_time(const std::string& text);
[[nodiscard]] Address parse_address(const std::string& host, const std::string& port);
/// `POLLIN|POLLHUP`
[[nodiscard]] std::string poll_text(short events);

}  // namespace ghostpeer::probe
