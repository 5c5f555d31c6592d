#include "setup/peer_option.hpp"

#include "profile/host_name.hpp"
#include "setup/option_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace ghostpeer::setup {
namespace {

[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) {
        return std::nullopt;
    }
    return static_cast<std::uint16_t>(port);
}

constexpr std::size_t most_in_a_list = 100;

/// Takes `@ADDR`, `@ipv4` or `@ipv6` off the end. False: there is none.
[[nodiscard]] bool take_address(std::string_view& text, PeerOption& option) {
    const std::size_t at = text.rfind('@');
    if (at == std::string_view::npos) {
        return false;
    }
    const std::string_view where = text.substr(at + 1);
    const auto address = wire::IpAddress::parse(where);
    if (address) {
        option.address = address;
    } else if (where == "ipv4" || where == "ipv6") {
        option.family = where == "ipv4" ? Family::ipv4 : Family::ipv6;
    } else {
        return false;
    }
    text = text.substr(0, at);
    return true;
}

/// What stands behind the `=` as a list; empty: it is one profile, whatever its name looks like.
[[nodiscard]] std::vector<std::string_view> list_of(std::string_view text) {
    text = trim(text);
    if (text.size() > 1 && text.front() == '[' && text.back() == ']') {
        return split_list(text.substr(1, text.size() - 2));
    }
    const auto parts = split_list(text);
    const bool all_placed = std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
        PeerOption ignored;
        return take_address(part, ignored);
    });
    return all_placed ? parts : std::vector<std::string_view>{};
}

}  // namespace

tl::expected<PeerOption, std::string> parse_peer(const std::string& text) {
    const auto fail = [&](const std::string& why) {
        return tl::make_unexpected(fmt::format(
            "--peer needs [NAME|ADDR][:PORT]=PROFILE, such as api.local:8080=refuse, but in \"{}\" "
            "{}.",
            text, why));
    };
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
        return fail("there is no `=`");
    }
    PeerOption option;
    option.text = text;
    option.profile = text.substr(equals + 1);
    if (option.profile.empty()) {
        return fail("no profile follows the `=`");
    }
    std::string where = text.substr(0, equals);
    // An IPv6 address holds colons of its own, so it is looked for first.
    option.address = wire::IpAddress::parse(where);
    if (!option.address) {
        const auto colon = where.rfind(':');
        if (colon != std::string::npos) {
            option.port = parse_port(std::string_view(where).substr(colon + 1));
            if (!option.port) {
                return fail(fmt::format("\"{}\" is no port (1..65535)", where.substr(colon + 1)));
            }
            where.resize(colon);
            option.address = wire::IpAddress::parse(where);
        }
    }
    // The root's dot at the end of a complete name: resolvers look the name up without it.
    if (where.size() > 1 && where.back() == '.' && !option.address) {
        where.pop_back();
    }
    if (!where.empty() && !option.address && !profile::is_host_name(where)) {
        return fail(fmt::format("\"{}\" is neither a host name nor an address", where));
    }
    option.name = where;
    option.named = !where.empty() && !option.address;
    return option;
}

tl::expected<std::vector<PeerOption>, std::string> parse_peers(const std::string& text) {
    const auto whole = parse_peer(text);
    if (!whole) {
        return tl::make_unexpected(whole.error());
    }
    const auto list = list_of(whole->profile);
    if (list.empty()) {
        return std::vector{*whole};
    }
    const auto fail = [&](const std::string& why) {
        return tl::make_unexpected(fmt::format(
            "--peer takes several profiles as NAME=[A, B] or NAME=A@ADDR,B@ADDR, but in "
            "\"{}\" {}.",
            text, why));
    };
    if (!whole->named) {
        return fail("they are not for a name: only a name has several addresses");
    }
    if (list.size() > most_in_a_list) {
        return fail(fmt::format("there are more than {}", most_in_a_list));
    }
    std::vector<PeerOption> options;
    for (std::string_view part : list) {
        PeerOption option = *whole;
        option.position = options.size();
        static_cast<void>(take_address(part, option));
        option.profile = trim(part);
        if (option.profile.empty()) {
            return fail("one has no profile");
        }
        options.push_back(std::move(option));
    }
    return options;
}

}  // namespace ghostpeer::setup
