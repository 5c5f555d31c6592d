#include "show/call_text.hpp"

#include "event/text.hpp"
#include "syscalls/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::show {
namespace {

using Words = std::vector<std::string>;

[[nodiscard]] bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// An address in the program's memory.
[[nodiscard]] bool is_pointer(std::string_view argument) {
    constexpr std::size_t shortest = 8;  // small ones are flags
    return argument.size() >= shortest && argument.starts_with("0x") &&
           argument.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

[[nodiscard]] std::string without_annotations(std::string_view argument) {
    std::string text(argument);
    for (const std::string_view found : syscalls::annotations(argument)) {
        const auto at = text.find("<" + std::string(found) + ">");
        if (at != std::string::npos) {
            text.erase(at, found.size() + 2);
        }
    }
    return text;
}

/// `[16]`, `[128 => 16]`, `16`: the length of a socket address that is told in full.
[[nodiscard]] bool is_length(std::string_view argument) {
    return !argument.empty() &&
           argument.find_first_not_of("0123456789[]=> ") == std::string_view::npos;
}

[[nodiscard]] Words readable_arguments(const event::Call& call) {
    Words words;
    bool behind_address = false;
    for (const std::string_view argument : syscalls::split_arguments(call.arguments)) {
        const auto address = syscalls::socket_address(argument);
        if (address) {
            words.push_back(address->to_string());
        } else if (!is_pointer(argument) && !(behind_address && is_length(argument))) {
            words.push_back(without_annotations(argument));
        }
        behind_address = address.has_value();
    }
    return words;
}

/// recvfrom() and sendto() without an address are what programs call recv() and send().
[[nodiscard]] std::string shorten(std::string_view name, Words& words) {
    if (!is_one_of(name, {"recvfrom", "sendto"})) {
        return std::string(name);
    }
    constexpr std::size_t with_address = 4;  // descriptor, size, flags, two of the address
    const auto says_nothing = [](std::string_view word) { return word == "NULL" || word == "0"; };
    const bool complete = words.size() >= with_address;
    if (complete && !(words[words.size() - 2] == "NULL" && says_nothing(words.back()))) {
        return std::string(name);
    }
    if (complete) {
        words.resize(words.size() - 2);
        if (words.back() == "0") {  // no flags
            words.pop_back();
        }
    }
    return name == "recvfrom" ? "recv" : "send";
}

[[nodiscard]] std::string length_text(Duration length) {
    return event::format_length(std::chrono::floor<std::chrono::microseconds>(length));
}

/// What came of it: ` = -1 ECONNRESET after 3.200 s`.
[[nodiscard]] std::string outcome(const event::Call& call) {
    using namespace std::chrono_literals;
    if (!call.returned) {
        return fmt::format(" for {}, not returned", length_text(call.took));
    }
    std::string text = call.result             ? fmt::format(" = {}", *call.result)
                       : !call.address.empty() ? " = " + call.address
                                               : " = ?";
    for (const std::string& word : {call.error, call.detail}) {
        text += word.empty() ? "" : " " + without_annotations(word);
    }
    constexpr Duration notable = 1ms;
    return call.took < notable ? text : text + " after " + length_text(call.took);
}

}  // namespace

std::string caller_text(const event::Call& call, int known) {
    if (call.thread == known) {
        return {};
    }
    return call.thread == call.process
               ? fmt::format("process {}", call.process)
               : fmt::format("process {} thread {}", call.process, call.thread);
}

std::string call_text(const event::Call& call, std::size_t width) {
    Words words = readable_arguments(call);
    std::string text = shorten(call.name, words) + "(";
    const char* separator = "";
    for (const std::string& word : words) {
        text += std::exchange(separator, ", ") + word;
    }
    text = event::printable(text);
    std::string end = ")" + event::printable(outcome(call));
    constexpr std::string_view cut = "...";
    if (text.size() + end.size() > width) {
        const auto room = width - std::min(width, cut.size() + std::min(end.size(), width / 2));
        text.resize(std::min(text.size(), room));
        text += cut;
    }
    text += end;
    if (text.size() > width) {
        text.resize(width - cut.size());
        text += cut;
    }
    return text;
}

}  // namespace ghostpeer::show
