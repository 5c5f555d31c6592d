#include "syscalls/arguments.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace ghostpeer::syscalls {
namespace {

constexpr std::size_t nowhere = std::string_view::npos;

[[nodiscard]] bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

/// Behind the string that begins at `at`; what is not closed reaches to the end.
[[nodiscard]] std::size_t behind_string(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        at += text[at] == '\\' ? 1U : 0U;
    }
    return std::min(at + 1, text.size());
}

[[nodiscard]] std::size_t behind(std::string_view text, std::string_view mark, std::size_t at) {
    const auto found = text.find(mark, at);
    return found == nowhere ? text.size() : found + mark.size();
}

/// `TCP`, `socket`, `pipe` of `TCP:[…]`; empty where it is a path.
[[nodiscard]] std::string_view kind_of(std::string_view annotation) {
    const auto end = annotation.find(":[");
    const auto kind = annotation.substr(0, end == nowhere ? 0 : end);
    return kind.find_first_of("/<> \"") == nowhere ? kind : std::string_view();
}

/// Behind the `>` that belongs to the `<` at `at`. An arrow between two ends is none, and a device
/// has another pair inside; in paths strace writes both as escapes.
[[nodiscard]] std::size_t behind_annotation(std::string_view text, std::size_t at) {
    if (!kind_of(text.substr(at + 1, text.find('>', at) - at - 1)).empty()) {
        return behind(text, "]>", at);
    }
    int open = 0;
    for (; at < text.size(); ++at) {
        open += text[at] == '<' ? 1 : text[at] == '>' ? -1 : 0;
        if (open == 0) {
            return at + 1;
        }
    }
    return at;
}

/// Behind what is no punctuation of the arguments, or of one character that is.
[[nodiscard]] std::size_t behind_token(std::string_view text, std::size_t at) {
    switch (text[at]) {
        case '"': return behind_string(text, at);
        case '/': return text.substr(at).starts_with("/*") ? behind(text, "*/", at + 2) : at + 1;
        case '<':
            if (text.substr(at).starts_with("<<")) {  // a shift
                return at + 2;
            }
            return at > 0 && is_digit(text[at - 1]) ? behind_annotation(text, at) : at + 1;
        default: return at + 1;
    }
}

[[nodiscard]] bool opens(char c) { return c == '(' || c == '[' || c == '{'; }
[[nodiscard]] bool closes(char c) { return c == ')' || c == ']' || c == '}'; }

[[nodiscard]] std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(' ');
    return begin == nowhere ? std::string_view()
                            : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

[[nodiscard]] std::optional<std::uint16_t> port_in(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(port)
                                                                        : std::nullopt;
}

[[nodiscard]] std::optional<wire::Endpoint> endpoint_in(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == nowhere) {
        return std::nullopt;
    }
    const auto port = port_in(text.substr(colon + 1));
    const auto address = wire::IpAddress::parse(text.substr(0, colon));
    return port && address ? std::optional(wire::Endpoint{*address, *port}) : std::nullopt;
}

/// What stands between two marks; empty where they do not.
[[nodiscard]] std::string_view between(std::string_view text, std::string_view begin,
                                       std::string_view end) {
    const auto at = text.find(begin);
    if (at == nowhere) {
        return {};
    }
    const auto rest = text.substr(at + begin.size());
    const auto until = rest.find(end);
    return until == nowhere ? std::string_view() : rest.substr(0, until);
}

/// What is in the brackets of a TCP socket's annotation.
[[nodiscard]] std::string_view inside_tcp(std::string_view annotation) {
    const auto kind = kind_of(annotation);
    if ((kind != "TCP" && kind != "TCPv6") || annotation.back() != ']') {
        return {};
    }
    return annotation.substr(kind.size() + 2, annotation.size() - kind.size() - 3);
}

}  // namespace

std::size_t end_of_arguments(std::string_view text) {
    std::size_t open = 1;
    for (std::size_t at = 0; at < text.size(); at = behind_token(text, at)) {
        if (opens(text[at])) {
            ++open;
        } else if (closes(text[at]) && --open == 0) {
            return text[at] == ')' ? at : nowhere;
        }
    }
    return nowhere;
}

std::vector<std::string_view> split_arguments(std::string_view arguments) {
    std::vector<std::string_view> split;
    std::size_t begin = 0;
    std::size_t open = 0;
    for (std::size_t at = 0; at < arguments.size(); at = behind_token(arguments, at)) {
        const char c = arguments[at];
        if (opens(c)) {
            ++open;
        } else if (closes(c) && open > 0) {
            --open;
        } else if (c == ',' && open == 0) {
            split.push_back(trimmed(arguments.substr(begin, at - begin)));
            begin = at + 1;
        }
    }
    if (const auto last = trimmed(arguments.substr(begin)); !last.empty()) {
        split.push_back(last);
    }
    return split;
}

std::vector<std::string_view> annotations(std::string_view arguments) {
    std::vector<std::string_view> found;
    for (std::size_t at = 0; at < arguments.size();) {
        const auto next = behind_token(arguments, at);
        if (arguments[at] == '<' && next > at + 2 && arguments[next - 1] == '>') {
            found.push_back(arguments.substr(at + 1, next - at - 2));
        }
        at = next;
    }
    return found;
}

bool is_socket(std::string_view annotation) {
    const auto kind = kind_of(annotation);
    return kind == "socket" || (!kind.empty() && is_capital(kind.front()));
}

std::string_view inode_of(std::string_view annotation) {
    const auto kind = kind_of(annotation);
    const auto inside =
        kind == "socket" && annotation.back() == ']'
            ? annotation.substr(kind.size() + 2, annotation.size() - kind.size() - 3)
            : inside_tcp(annotation);
    return std::all_of(inside.begin(), inside.end(), is_digit) ? inside : std::string_view();
}

std::optional<std::pair<wire::Endpoint, wire::Endpoint>> ends_of(std::string_view annotation) {
    const auto inside = inside_tcp(annotation);
    const auto arrow = inside.find("->");
    if (arrow == nowhere) {
        return std::nullopt;
    }
    const auto own = endpoint_in(inside.substr(0, arrow));
    const auto other = endpoint_in(inside.substr(arrow + 2));
    return own && other ? std::optional(std::pair(*own, *other)) : std::nullopt;
}

std::optional<wire::Endpoint> socket_address(std::string_view argument) {
    if (!argument.starts_with("{sa_family=AF_INET")) {
        return std::nullopt;
    }
    const bool six = argument.starts_with("{sa_family=AF_INET6,");
    const auto port = port_in(between(argument, six ? "sin6_port=htons(" : "sin_port=htons(", ")"));
    const auto address =
        wire::IpAddress::parse(six ? between(argument, "inet_pton(AF_INET6, \"", "\"")
                                   : between(argument, "inet_addr(\"", "\""));
    return port && address ? std::optional(wire::Endpoint{*address, *port}) : std::nullopt;
}

}  // namespace ghostpeer::syscalls
