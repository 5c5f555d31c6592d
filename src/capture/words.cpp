#include "capture/words.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace ghostpeer::capture {
namespace {

/// With three digits that count, and none behind the point that says nothing.
[[nodiscard]] std::string digits(double value) {
    std::string text = fmt::format("{:.{}f}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) {
            text.pop_back();
        }
    }
    return text;
}

}  // namespace

std::string say(Duration length) {
    const double seconds = to_seconds(length);
    if (seconds < 0.0009995) {
        return fmt::format("{:.0f} us", seconds * 1e6);
    }
    if (seconds < 0.9995) {
        return digits(seconds * 1e3) + " ms";
    }
    if (seconds < 599.5) {
        return digits(seconds) + " s";
    }
    const auto minutes = std::llround(seconds / 60);
    return minutes < 120 ? fmt::format("{} min", minutes)
                         : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

std::string say_bytes(std::uint64_t bytes) {
    if (bytes < 1000) {
        return fmt::format("{} byte{}", bytes, bytes == 1 ? "" : "s");
    }
    constexpr std::array units{"kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    return digits(value) + " " + units[unit];
}

}  // namespace ghostpeer::capture
