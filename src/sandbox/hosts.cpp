#include "sandbox/hosts.hpp"

#include <arpa/inet.h>
#include <strings.h>

#include <algorithm>
#include <array>

namespace ghostpeer::sandbox {

namespace {

constexpr std::string_view blanks = " \t\r";

bool is_given(std::string_view name, const std::vector<Spec::Host>& hosts) {
    return std::any_of(hosts.begin(), hosts.end(), [name](const Spec::Host& host) {
        return host.name.size() == name.size() &&
               strncasecmp(host.name.data(), name.data(), name.size()) == 0;
    });
}

std::vector<std::string_view> split(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        const std::size_t begin = text.find_first_not_of(blanks);
        if (begin == std::string_view::npos) {
            return words;
        }
        const std::size_t end = std::min(text.find_first_of(blanks, begin), text.size());
        words.push_back(text.substr(begin, end - begin));
        text.remove_prefix(end);
    }
}

// A line as it was unless it names one of `hosts`; empty if it named nothing else.
std::string without(std::string_view line, const std::vector<Spec::Host>& hosts) {
    const std::vector<std::string_view> words = split(line.substr(0, line.find('#')));
    std::string rest;
    std::size_t removed = 0;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (is_given(words[i], hosts)) {
            ++removed;
        } else {
            rest += (rest.empty() ? "\t" : " ") + std::string(words[i]);
        }
    }
    if (removed == 0) {
        return std::string(line) + "\n";
    }
    return rest.empty() ? "" : std::string(words[0]) + rest + "\n";
}

bool is_address(const std::string& text) {
    std::array<unsigned char, 16> bytes{};
    return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 ||
           inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

}  // namespace

std::string render_hosts(std::string_view existing, const std::vector<Spec::Host>& hosts) {
    std::string text;
    while (!existing.empty()) {
        const std::size_t end = std::min(existing.find('\n'), existing.size());
        text += without(existing.substr(0, end), hosts);
        existing.remove_prefix(std::min(end + 1, existing.size()));
    }
    for (const Spec::Host& host : hosts) {
        for (const std::string& address : host.addresses) {
            text += address + "\t" + host.name + "\n";
        }
    }
    return text;
}

std::string check_hosts(const std::vector<Spec::Host>& hosts) {
    for (const Spec::Host& host : hosts) {
        const bool printable = std::all_of(host.name.begin(), host.name.end(),
                                           [](char c) { return c > ' ' && c != '#' && c != 0x7f; });
        if (host.name.empty() || !printable) {
            return "The name '" + host.name +
                   "' cannot be put into /etc/hosts: it is empty, or has blanks, '#' or "
                   "characters that are not ASCII. Use letters, digits, '-' and '.'.";
        }
        for (const std::string& address : host.addresses) {
            if (!is_address(address)) {
                return "'" + address + "', given for the name " + host.name +
                       ", is not an IPv4 or IPv6 address.";
            }
        }
    }
    return {};
}

}  // namespace ghostpeer::sandbox
