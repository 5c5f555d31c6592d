#include "setup/peer_option.hpp"

#include "profile/host_name.hpp"

#include <fmt/format.h>

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
    return option;
}

}  // namespace ghostpeer::setup
