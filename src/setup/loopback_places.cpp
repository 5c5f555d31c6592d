#include "setup/loopback_places.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::setup {
namespace {

/// Beyond Linux's ephemeral ports (ip_local_port_range), where COMMAND's own connections and most
/// servers do not come.
constexpr std::uint32_t first_own_port = 61'000;
constexpr std::uint32_t ports_in_all = 65'536;
/// Each port takes a socket of the kernel.
constexpr std::uint32_t most_ports = 4000;

[[nodiscard]] tl::expected<void, std::string> give_port(Peers& peers, peer::PeerSpec& spec,
                                                        bool of_profile,
                                                        const CommonOptions& options) {
    const auto& named = peers.clients.empty() ? options.port : std::nullopt;
    if (!named && !of_profile) {
        const std::string& profile = spec.profile->name;
        return tl::make_unexpected(fmt::format(
            "--peer …={} names no port, and over --link loopback a peer answers on one alone: on "
            "all others COMMAND meets its own kernel. Name it: --peer NAME:8080={}, or --port 8080 "
            "for every peer without one.",
            profile, profile));
    }
    spec.port = named.value_or(default_port);
    peers.port = peers.port ? peers.port : spec.port;
    if (of_profile) {
        peers.loopback.notice = fmt::format(
            "Over the loopback link the peer of the profile {} answers on port {} of every address "
            "that lo has, such as 127.0.0.1 and ::1; elsewhere COMMAND meets its own kernel{}.",
            spec.profile->name, *spec.port, named ? "" : ". --port names another port");
    }
    return {};
}

void place_server(LoopbackPlaces& loopback, const peer::PeerSpec& spec) {
    for (const wire::IpAddress& address : spec.addresses) {
        loopback.places.push_back({address, *spec.port});
    }
    if (spec.addresses.empty()) {
        loopback.places.push_back({wire::IpAddress::v4(0), *spec.port});
        loopback.with_ipv6.push_back({wire::IpAddress{}, *spec.port});
    }
}

/// The ports that a peer dials from: each is guarded, so there cannot be any number of them.
[[nodiscard]] tl::expected<void, std::string> give_ports(ClientPeer& client,
                                                         const peer::PeerSpec& spec,
                                                         std::uint32_t& next) {
    const profile::Client& how = spec.profile->client;
    if (how.source_port && how.connections > most_ports) {
        return tl::make_unexpected(fmt::format(
            "The profile {} opens {} connections, each from a port of its own (`source_port`), and "
            "over --link loopback a peer can have {}. Open fewer, or use --link tun or ethernet.",
            spec.profile->name, how.connections, most_ports));
    }
    const std::uint32_t wanted = std::min(how.connections, most_ports);
    std::uint32_t port = how.source_port ? std::uint32_t{*how.source_port} : next;
    for (; client.ports.size() < wanted && port < ports_in_all; ++port) {
        if (port != client.port || how.source_port) {
            client.ports.push_back(static_cast<std::uint16_t>(port));
        }
    }
    if (client.ports.empty()) {
        return tl::make_unexpected(fmt::format(
            "No ports are left for the peer of the profile {} to dial from: over --link loopback "
            "all such peers together have those from {} on. Let the others open fewer connections.",
            spec.profile->name, first_own_port));
    }
    next = how.source_port ? next : port;
    return {};
}

void place_client(LoopbackPlaces& loopback, const ClientPeer& client, bool anywhere) {
    for (const std::uint16_t port : client.ports) {
        if (client.from_v4) {
            loopback.places.push_back({*client.from_v4, port});
        }
        if (client.from_v6) {
            (anywhere ? loopback.with_ipv6 : loopback.places).push_back({*client.from_v6, port});
        }
    }
}

}  // namespace

tl::expected<void, std::string> place_on_loopback(Peers& peers, const CommonOptions& options) {
    for (std::size_t i = 0; i < peers.specs.size(); ++i) {
        peer::PeerSpec& spec = peers.specs[i];
        if (spec.profile->role == profile::Role::client) {
            continue;
        }
        if (!spec.port) {
            const bool of_profile = options.profile && i + 1 == peers.specs.size();
            if (auto given = give_port(peers, spec, of_profile, options); !given) {
                return given;
            }
        }
        place_server(peers.loopback, spec);
    }
    std::uint32_t next = first_own_port;
    for (ClientPeer& client : peers.clients) {
        const peer::PeerSpec& spec = peers.specs[client.spec];
        if (auto given = give_ports(client, spec, next); !given) {
            return given;
        }
        place_client(peers.loopback, client, spec.addresses.empty());
    }
    return {};
}

}  // namespace ghostpeer::setup
