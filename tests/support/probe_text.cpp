#include "probe_text.hpp"

#include <arpa/inet.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

namespace ghostpeer::probe {

std::string errno_name(int error) {
    const char* name = ::strerrorname_np(error);
    return name != nullptr ? name : std::to_string(error);
}

std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\u%04x", static_cast<unsigned>(c));
            out += escaped.data();
        } else {
            out += c;
        }
    }
    return out + '"';
}

void print(const Line& line, bool json) {
    const double at = std::chrono::duration<double>(line.at).count();
    const double took = std::chrono::duration<double>(line.took).count();
    if (json) {
        std::printf(R"({"t":%.6f,"took":%.6f,"call":%s,"arguments":%s,"result":%lld,"errno":%s)",
                    at, took, json_string(line.call).c_str(), json_string(line.arguments).c_str(),
                    static_cast<long long>(line.result),
                    line.error == 0 ? "null" : json_string(errno_name(line.error)).c_str());
        for (const auto& [name, value] : line.notes) {
            std::printf(",%s:%s", json_string(name).c_str(), value.c_str());
        }
        std::printf("}\n");
    } else {
        std::printf("%11.6f  %.*s(%s) = %lld", at, static_cast<int>(line.call.size()),
                    line.call.data(), line.arguments.c_str(), static_cast<long long>(line.result));
        if (line.error != 0) {
            std::printf(" %s (%s)", errno_name(line.error).c_str(), std::strerror(line.error));
        }
        for (const auto& [name, value] : line.notes) {
            std::printf(" %.*s=%s", static_cast<int>(name.size()), name.data(), value.c_str());
        }
        std::printf("  <%.6f>\n", took);
    }
    std::fflush(stdout);
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (true) {
        const auto at = text.find(separator);
        parts.emplace_back(text.substr(0, at));
        if (at == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(at + 1);
    }
}

/// A number and what follows it.
static std::pair<double, std::string> number_and_unit(const std::string& text) {
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || number < 0) {
        throw BadStep{"'" + text + "' is no number"};
    }
    return {number, std::string(rest, end)};
}

std::size_t parse_size(const std::string& text) {
    const auto [number, unit] = number_and_unit(text);
    const double factor = unit.empty() || unit == "B" ? 1
                          : unit == "KiB"             ? 1024
                          : unit == "MiB"             ? 1024 * 1024
                          : unit == "GiB"             ? 1024.0 * 1024 * 1024
                                                      : 0;
    if (factor == 0) {
        throw BadStep{"'" + text + "' is no size"};
    }
    return static_cast<std::size_t>(number * factor);
}

std::chrono::nanoseconds parse_time(const std::string& text) {
    const auto [number, unit] = number_and_unit(text);
    const double seconds = unit == "us"                  ? 1e-6
                           : unit == "ms"                ? 1e-3
                           : unit == "s" || unit.empty() ? 1
                           : unit == "m"                 ? 60
                                                         : 0;
    if (seconds == 0) {
        throw BadStep{"'" + text + "' is no time"};
    }
    return std::chrono::nanoseconds(static_cast<std::int64_t>(number * seconds * 1e9));
}

Address parse_address(const std::string& host, const std::string& port) {
    Address address;
    const auto number = htons(static_cast<std::uint16_t>(parse_size(port)));
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = number;
        address.length = sizeof(sockaddr_in);
        address.text = host + ":" + port;
    } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = number;
        address.length = sizeof(sockaddr_in6);
        address.text = "[" + host + "]:" + port;
    } else {
        throw BadStep{"'" + host + "' is no IPv4 or IPv6 address"};
    }
    return address;
}

std::string poll_text(short events) {
    constexpr std::array<std::pair<short, const char*>, 7> names{{{POLLIN, "POLLIN"},
                                                                  {POLLPRI, "POLLPRI"},
                                                                  {POLLOUT, "POLLOUT"},
                                                                  {POLLRDHUP, "POLLRDHUP"},
                                                                  {POLLERR, "POLLERR"},
                                                                  {POLLHUP, "POLLHUP"},
                                                                  {POLLNVAL, "POLLNVAL"}}};
    std::string text;
    for (const auto& [bit, name] : names) {
        if ((events & bit) != 0) {
            text += (text.empty() ? "" : "|") + std::string(name);
        }
    }
    return text;
}

}  // namespace ghostpeer::probe
