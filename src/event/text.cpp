#include "event/text.hpp"

#include <fmt/format.h>

#include <cstring>

namespace ghostpeer::event {

std::string format_length(Duration length) {
    if (length >= std::chrono::seconds(1) || length <= -std::chrono::seconds(1)) {
        return fmt::format("{:.3f} s", to_seconds(length));
    }
    auto text = fmt::format("{:.3f}", to_seconds(length) * 1e3);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
        text.pop_back();
    }
    return text + " ms";
}

std::string format_ends(const wire::Endpoint& from, const wire::Endpoint& to) {
    return from.to_string() + " -> " + to.to_string();
}

std::string format_place(const profile::Place& place) {
    const std::string file = place.file ? printable(*place.file) : "profile";
    // What the control interface did has no line.
    return place.line > 0 ? fmt::format("{}:{}", file, place.line) : file;
}

std::string format_place_short(const profile::Place& place) {
    auto text = format_place(place);
    const auto slash = text.rfind('/');
    return slash == std::string::npos ? text : text.substr(slash + 1);
}

std::string describe(const event::Exit& exit) {
    return exit.signal ? "was ended by " + signal_name(*exit.signal)
                       : fmt::format("exited with status {}", exit.status);
}

std::string signal_name(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", signal);
}

std::string count(std::uint64_t n, std::string_view noun) {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
        // U+0080 to U+009F in UTF-8: to some terminals the second is what ESC [ is.
        const bool begins_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
        if (byte < 0x20 || byte == 0x7f) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else if (begins_c1) {
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", next);
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace ghostpeer::event
