#include "setup/server_set.hpp"

#include "profile/host_name.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace ghostpeer::setup {
namespace {

[[nodiscard]] std::string place_of(const profile::Place& place) {
    return place.file ? fmt::format("{}:{}", *place.file, place.line) : std::string("--server");
}

[[nodiscard]] bool is_number(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

[[nodiscard]] std::string names_of(const std::vector<profile::Server>& servers) {
    std::vector<std::string> names;
    names.reserve(servers.size());
    for (const profile::Server& server : servers) {
        names.push_back(server.name);
    }
    return names.empty() ? "it has none"
                         : fmt::format("there {} {}", names.size() == 1 ? "is" : "are",
                                       fmt::join(names, ", "));
}

/// Where two profiles of a run have servers of one name, they are the same, or nobody knows which
/// is meant; those of the command line take the place of a profile's. The error is a sentence.
[[nodiscard]] std::optional<std::string> add(const profile::Server& server,
                                             std::vector<profile::Server>& servers) {
    const auto same = std::find_if(servers.begin(), servers.end(),
                                   [&](const auto& known) { return known.name == server.name; });
    if (same == servers.end()) {
        servers.push_back(server);
        return std::nullopt;
    }
    const bool replaces = !same->place.file && server.place.file;
    const bool is_it = same->place.file && server.place.file &&
                       *same->place.file == *server.place.file &&
                       same->place.line == server.place.line;
    if (replaces || is_it) {
        return std::nullopt;
    }
    return fmt::format("{} and {} are two servers of the name {}. Give one another name.",
                       place_of(same->place), place_of(server.place), server.name);
}

[[nodiscard]] std::optional<std::string> find_shared_port(
    const std::vector<profile::Server>& servers) {
    for (auto one = servers.begin(); one != servers.end(); ++one) {
        const auto other = std::find_if(servers.begin(), one, [&](const auto& before) {
            return one->port && before.port == one->port;
        });
        if (other != one) {
            return fmt::format(
                "The servers {} ({}) and {} ({}) are both to listen on the port {}, and the "
                "servers of a run share one network. Give each a port of its own.",
                other->name, place_of(other->place), one->name, place_of(one->place), *one->port);
        }
    }
    return std::nullopt;
}

constexpr std::string_view of_serve =
    "`serve` is confined and starts no programs. Run the program as a server of its own and name "
    "its place (`relay: HOST:PORT`); `socat TCP-LISTEN:PORT,fork,reuseaddr EXEC:CMD` makes one of "
    "a program that speaks on its standard input and output.";

[[nodiscard]] std::optional<std::string> note_relay(const profile::Relay& relay, bool served,
                                                    ServerSet& set) {
    if (relay.to == profile::Relay::To::process) {
        if (served) {
            return fmt::format("{}: `exec`: {}", place_of(relay.place), of_serve);
        }
        auto& commands = set.relays.commands;
        if (std::find(commands.begin(), commands.end(), relay.command) == commands.end()) {
            commands.push_back(relay.command);
        }
        return std::nullopt;
    }
    const bool known =
        std::any_of(set.servers.begin(), set.servers.end(),
                    [&](const profile::Server& server) { return server.name == relay.host; });
    if (known) {
        return std::nullopt;
    }
    return fmt::format(
        "{}: `relay: {}` names a server of the run, and {}. {}, or name the port of a real server, "
        "as in `relay: \"{}:80\"`.",
        place_of(relay.place), relay.host, names_of(set.servers),
        served ? "`serve` starts none: use `run`"
               : fmt::format("Start it with --server '{}=COMMAND'", relay.host),
        relay.host);
}

}  // namespace

tl::expected<profile::Server, std::string> parse_server(const std::string& text) {
    const auto fail = [&](const std::string& why) {
        return tl::make_unexpected(
            fmt::format("--server needs NAME[:PORT]=COMMAND, such as 'redis=redis-server --port "
                        "6379', but in \"{}\" {}.",
                        text, why));
    };
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
        return fail("there is no `=`");
    }
    profile::Server server;
    server.name = text.substr(0, equals);
    const std::string command = text.substr(equals + 1);
    if (command.find_first_not_of(" \t\n") == std::string::npos) {
        return fail("no command follows the `=`");
    }
    if (const auto colon = server.name.rfind(':'); colon != std::string::npos) {
        const std::string digits = server.name.substr(colon + 1);
        unsigned port = 0;
        const char* const end = digits.data() + digits.size();
        const auto [last, error] = std::from_chars(digits.data(), end, port);
        if (error != std::errc{} || last != end || port == 0 || port > UINT16_MAX) {
            return fail(fmt::format("\"{}\" is no port (1..65535)", digits));
        }
        server.port = static_cast<std::uint16_t>(port);
        server.name.resize(colon);
    }
    if (!profile::is_host_name(server.name) || wire::IpAddress::parse(server.name) ||
        is_number(server.name) || server.name == "original") {
        return fail(fmt::format("\"{}\" is no name for a server", server.name));
    }
    server.command = {"/bin/sh", "-c", command};
    return server;
}

tl::expected<ServerSet, std::string> gather_servers(const CommonOptions& options,
                                                    const Profiles& profiles, bool served) {
    ServerSet set;
    for (const std::string& text : options.servers) {
        auto server = parse_server(text);
        if (!server) {
            return tl::make_unexpected(server.error());
        }
        if (auto problem = add(*server, set.servers)) {
            return tl::make_unexpected(std::move(*problem));
        }
    }
    for (const auto& profile : profiles) {
        for (const profile::Server& server : profile->servers) {
            if (served) {
                return tl::make_unexpected(
                    fmt::format("{}: `servers`: {}", place_of(server.place), of_serve));
            }
            if (auto problem = add(server, set.servers)) {
                return tl::make_unexpected(std::move(*problem));
            }
        }
    }
    if (auto problem = find_shared_port(set.servers)) {
        return tl::make_unexpected(std::move(*problem));
    }
    for (const auto& profile : profiles) {
        set.relays.servers = set.relays.servers || profile::relays(*profile);
        set.relays.original = set.relays.original || profile::relays(*profile, true);
        for (const profile::Relay& relay : profile::relays_within(*profile)) {
            if (auto problem = note_relay(relay, served, set)) {
                return tl::make_unexpected(std::move(*problem));
            }
        }
    }
    for (const profile::Server& server : set.servers) {
        set.relays.names.push_back(server.name);
    }
    return set;
}

std::string relaying_profile(const std::string& profile, const std::string& to) {
    const auto quoted = [](const std::string& text) {
        std::string result = "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') {
                result += '\\';
            }
            result += c;
        }
        return result + '"';
    };
    return fmt::format("extends: {}\nservice: {{relay: {}}}\n", quoted(profile), quoted(to));
}

void add_name_server(std::vector<peer::PeerSpec>& specs) {
    constexpr std::uint16_t dns_port = 53;
    auto profile = std::make_shared<profile::Profile>();
    profile->name = "name-server";
    profile->service = profile::Relay{profile::Relay::To::name_server, {}, 0};
    const auto others = std::stable_partition(
        specs.begin(), specs.end(), [&](const auto& spec) { return spec.port == dns_port; });
    specs.insert(others, peer::PeerSpec{{}, dns_port, std::move(profile)});
}

}  // namespace ghostpeer::setup
