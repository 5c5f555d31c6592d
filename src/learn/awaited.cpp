#include "learn/spoken.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace ghostpeer::learn {

namespace {

constexpr std::size_t longest_head = 8192;
constexpr std::size_t longest_path = 60;
constexpr std::size_t longest_line = 2048;
constexpr std::size_t longest_body = 64 * 1024;  // beyond it no request is looked for
constexpr std::size_t most_awaited = 50;

bool plain(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '/';
}

/// What was redacted says nothing of what the program will say.
bool is_veiled(std::string_view word) {
    word.remove_prefix(word.starts_with('/') ? 1 : 0);
    return !word.empty() && std::ranges::all_of(word, [](char c) { return c == 'x'; });
}

/// A text for RE2, in single quotes of YAML.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (plain(c)) {
            out += c;
        } else if (c == ' ') {
            out += ' ';
        } else {
            out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        }
    }
    return out;
}

Step waits(std::string value) {
    Step step;
    step.kind = Step::Kind::expect;
    step.value = std::move(value);
    return step;
}

Step waits_for(std::uint64_t bytes) { return waits(fmt::format("{{bytes: {}}}", bytes)); }

/// `GET /path HTTP/1.1`
struct RequestLine {
    std::string_view method;
    std::string_view path;
};

bool request_line(std::string_view text, RequestLine& out) {
    constexpr std::array<std::string_view, 9> methods{
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"};
    text = text.substr(0, longest_line);
    const std::string_view line = text.substr(0, text.find("\r\n"));
    const std::size_t space = line.find(' ');
    const std::size_t last = line.rfind(" HTTP/1.");
    if (space == std::string_view::npos || last == std::string_view::npos || last <= space ||
        std::ranges::find(methods, line.substr(0, space)) == methods.end()) {
        return false;
    }
    out.method = line.substr(0, space);
    out.path = line.substr(space + 1, last - space - 1);
    return true;
}

bool has_length(std::string_view head) {
    std::string lower(head);
    std::ranges::transform(lower, lower.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower.find("\r\ncontent-length:") != std::string::npos;
}

/// Requests of HTTP, one behind the other; false: something else is there.
bool await_http(std::string_view text, std::vector<Step>& steps) {
    while (!text.empty()) {
        RequestLine line;
        const std::size_t end = text.substr(0, longest_head).find("\r\n\r\n");
        if (end == std::string_view::npos || steps.size() > most_awaited ||
            !request_line(text, line)) {
            return false;
        }
        const std::string_view head = text.substr(0, end + 4);
        std::string_view path = line.path.substr(0, line.path.find('?'));
        path = is_veiled(path) ? std::string_view() : path.substr(0, longest_path);
        text.remove_prefix(head.size());
        RequestLine next;
        std::size_t body = text.size();
        for (std::size_t at = 0; at < std::min(text.size(), longest_body); ++at) {
            if ((at == 0 || text[at - 1] == '\n' || text[at - 1] == '}') &&
                request_line(text.substr(at), next)) {
                body = at;
                break;
            }
        }
        const bool counted = body > 0 && has_length(head);
        steps.push_back(waits(fmt::format(
            "'/^{} {}.* HTTP.*\\r\\n(?:.+\\r\\n)*{}\\r\\n/'", line.method, escaped(path),
            counted ? "(?i:content-length): *([0-9]+)\\r\\n(?:.+\\r\\n)*" : "")));
        if (counted) {
            steps.push_back(waits("{bytes: '${1}'}"));
        } else if (body > 0) {
            steps.push_back(waits_for(body));
        }
        text.remove_prefix(body);
    }
    return true;
}

/// Lines: the last one's first word is what is waited for.
bool await_line(std::string_view text, std::vector<Step>& steps) {
    if (text.size() > longest_head || !text.ends_with('\n') ||
        !std::ranges::all_of(text, [](unsigned char c) {
            return c >= 0x20 || c == '\r' || c == '\n' || c == '\t';
        })) {
        return false;
    }
    const std::size_t begin = text.rfind('\n', text.size() - 2);
    const std::string_view line =
        begin == std::string_view::npos || text.size() < 2 ? text : text.substr(begin + 1);
    std::size_t length = 0;
    while (length < line.size() && length < 24 && plain(line[length])) {
        ++length;
    }
    if (length == 0 || is_veiled(line.substr(0, length))) {
        return false;
    }
    steps.push_back(waits(fmt::format("'/^(?i){}.*\\n/'", escaped(line.substr(0, length)))));
    return true;
}

}  // namespace

std::vector<Step> awaited(const wire::Bytes& bytes, std::uint64_t length, bool strict) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::vector<Step> steps;
    if (length == 0) {
        return steps;
    }
    if (!strict && length == bytes.size()) {
        if (await_http(text, steps)) {
            return steps;
        }
        steps.clear();
        if (await_line(text, steps)) {
            return steps;
        }
        steps.clear();
    }
    steps.push_back(waits_for(length));
    return steps;
}

}  // namespace ghostpeer::learn
