#include "setup/peers.hpp"

#include "setup/loopback_places.hpp"
#include "setup/option_text.hpp"
#include "setup/peer_names.hpp"
#include "setup/peer_option.hpp"
#include "setup/profile_set.hpp"
#include "setup/server_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace ghostpeer::setup {
namespace {

/// What is wrong with the addresses that a client comes from, the end of a sentence; empty:
/// nothing.
[[nodiscard]] std::string sources_problem(const profile::Client& client, Scene scene) {
    if (!client.sources.empty() && scene != Scene::run) {
        return "`sources`, and only in COMMAND's private network (--link tun or ethernet) is every "
               "address the peer's.";
    }
    for (const wire::AddressBlock& block : client.sources) {
        for (const auto& own : {wire::IpAddress::v4(program_v4), program_v6()}) {
            if (block.contains(own)) {
                return fmt::format(
                    "`sources: {}`, which holds {}, COMMAND's own address. Take "
                    "another block, such as 198.18.64.0/24.",
                    block.to_string(), own.to_string());
            }
        }
        if (const auto why = out_of_reach(block.first); !why.empty()) {
            return fmt::format("`sources: {}`, {}. Take another block, such as 198.18.64.0/24.",
                               block.to_string(), why);
        }
    }
    return {};
}

/// The peer's own addresses, and the program's port.
[[nodiscard]] tl::expected<ClientPeer, std::string> make_client(
    const peer::PeerSpec& spec, std::size_t index, const std::optional<std::uint16_t>& port,
    Scene scene) {
    const std::string& name = spec.profile->name;
    const auto fail = [](const std::string& sentence) {
        return tl::make_unexpected("ghostpeer: " + sentence + "\n");
    };
    if (spec.port) {
        return fail(fmt::format(
            "--peer …:{}={}: this profile's peer is a client (`role: client`), which dials and has "
            "no port of its own. Leave the port out; {}.",
            *spec.port, name,
            scene == Scene::serve ? "--dial names the program's" : "--port names COMMAND's"));
    }
    ClientPeer client;
    client.spec = index;
    if (std::string problem = sources_problem(spec.profile->client, scene); !problem.empty()) {
        return fail(fmt::format("The client of the profile {} has {}", name, problem));
    }
    if (!port && !spec.profile->client.port) {
        return fail(
            fmt::format("The peer of the profile {} is a client, but nothing says where COMMAND "
                        "listens. Name the port with --port PORT, or in the profile: client: "
                        "{{port: 8080}}.",
                        name));
    }
    client.port = port ? *port : *spec.profile->client.port;
    for (const wire::IpAddress& address : spec.addresses) {
        auto& from = address.is_v4() ? client.from_v4 : client.from_v6;
        from = from.value_or(address);
    }
    if (spec.addresses.empty()) {
        client.from_v4 = nth_v4(scene, 0);
        client.from_v6 = nth_v6(scene, 0);
    }
    const bool loopback = scene == Scene::loopback;
    client.program_v4 = wire::IpAddress::v4(loopback ? loopback_v4 : program_v4);
    client.program_v6 = loopback ? loopback_v6() : program_v6();
    return client;
}

[[nodiscard]] std::string place_of(const PeerOption& option) {
    const std::string where = option.name.empty() ? "every address" : option.name;
    return option.port ? fmt::format("port {} of {}", *option.port, where) : where;
}

/// What to print of two peers at one place, where the second would never be met; empty: there are
/// none. Peers that dial may share an address. `specs`: of the options, in their order.
[[nodiscard]] std::string find_conflict(const CommonOptions& options,
                                        const std::vector<PeerOption>& parsed,
                                        const std::vector<peer::PeerSpec>& specs) {
    constexpr std::string_view advice =
        "so the second would never be met. Leave one out, or give each a port of its own.";
    using Place = std::pair<std::optional<wire::IpAddress>, std::optional<std::uint16_t>>;
    std::map<Place, const PeerOption*> taken;
    for (std::size_t i = 0; i < parsed.size(); ++i) {
        const PeerOption& option = parsed[i];
        if (specs[i].profile->role == profile::Role::client) {
            continue;
        }
        std::vector<std::optional<wire::IpAddress>> at(specs[i].addresses.begin(),
                                                       specs[i].addresses.end());
        if (at.empty()) {
            at.emplace_back();
        }
        for (const auto& address : at) {
            const auto [other, fresh] = taken.insert({{address, option.port}, &option});
            if (!fresh) {
                const bool same_name =
                    in_lower_case(other->second->name) == in_lower_case(option.name);
                const bool told = same_name && !option.position;
                if (other->second->text == option.text) {
                    return fmt::format("ghostpeer: --peer {} names {} twice, {}\n", option.text,
                                       address ? address->to_string() : place_of(option), advice);
                }
                return fmt::format("ghostpeer: --peer {} and --peer {} are both for {}{}, {}\n",
                                   other->second->text, option.text, place_of(option),
                                   told ? "" : fmt::format(" ({})", address->to_string()), advice);
            }
        }
        if (options.profile && option.name.empty() && !option.port) {
            return fmt::format(
                "ghostpeer: --peer {} and the PROFILE {} are both for every address, {}\n",
                option.text, *options.profile, advice);
        }
    }
    return {};
}

[[nodiscard]] int generality(const PeerOption& option) {
    return (option.name.empty() ? 2 : 0) + (option.port ? 0 : 1);
}

/// The peers that dial, and where to.
[[nodiscard]] tl::expected<void, std::string> plan_clients(const CommonOptions& options,
                                                           Scene scene, Peers& peers) {
    for (std::size_t i = 0; i < peers.specs.size(); ++i) {
        if (peers.specs[i].profile->role != profile::Role::client) {
            continue;
        }
        if (scene == Scene::serve && !options.port) {
            return tl::make_unexpected(
                fmt::format("ghostpeer: the peer of the profile {} is a client, but nothing says "
                            "where to. Name the program with --dial ADDR:PORT.\n",
                            peers.specs[i].profile->name));
        }
        auto client = make_client(peers.specs[i], i, options.port, scene);
        if (!client) {
            return tl::make_unexpected(client.error());
        }
        peers.port = peers.clients.empty() ? client->port : peers.port;
        peers.clients.push_back(*client);
    }
    if (options.port && peers.clients.empty() && scene != Scene::loopback) {
        return tl::make_unexpected(
            scene == Scene::serve
                ? "ghostpeer: --dial says where a peer dials to, but no profile has `role: "
                  "client`.\n"
                : "ghostpeer: --port says where COMMAND listens for a peer that dials, but no "
                  "profile of "
                  "this run has `role: client`.\n");
    }
    return {};
}

/// GHOSTPEER_ADDR and GHOSTPEER_ADDR6: of the peer whose port GHOSTPEER_PORT is, else of the first
/// one that is named by its address. Without any the first addresses of all are meant.
[[nodiscard]] std::vector<wire::IpAddress> first_addresses(const std::vector<PeerOption>& options,
                                                           bool dials) {
    const auto with_port = std::find_if(options.begin(), options.end(),
                                        [](const PeerOption& one) { return one.port.has_value(); });
    if (!dials && with_port != options.end()) {
        // Of a list all that the name has, in its order.
        std::vector<wire::IpAddress> all;
        for (const PeerOption& one : options) {
            if (one.name == with_port->name) {
                all.insert(all.end(), one.addresses.begin(), one.addresses.end());
            }
        }
        return all;
    }
    const auto with_address = std::find_if(options.begin(), options.end(),
                                           [](const PeerOption& one) { return one.address; });
    return with_address == options.end() ? std::vector<wire::IpAddress>()
                                         : std::vector{*with_address->address};
}

/// Profiles, each once.
using Used = std::set<std::shared_ptr<const profile::Profile>>;

/// Makes `peers.specs` of the options, the more specific first. The error is what to print.
[[nodiscard]] tl::expected<Used, std::string> give_profiles(const CommonOptions& options,
                                                            const std::vector<PeerOption>& parsed,
                                                            profile::Waiting waiting,
                                                            Peers& peers) {
    ProfileSet profiles(options.parameters, parsed.size() + (options.profile ? 1 : 0) > 1, waiting);
    Used used;
    const auto note = [&](std::shared_ptr<const profile::Profile> profile) {
        if (profile && used.insert(profile).second) {
            peers.sysctls.insert(peers.sysctls.end(), profile->sysctl.begin(),
                                 profile->sysctl.end());
        }
        return profile;
    };
    const auto use = [&](const std::string& name) { return note(profiles.load(name)); };
    for (const PeerOption& option : parsed) {
        peer::PeerSpec spec;
        spec.addresses = option.addresses;
        spec.port = option.port;
        spec.name = option.port ? fmt::format("{}:{}", option.name, *option.port) : option.name;
        if (option.position) {
            spec.name += fmt::format("@{}", option.addresses.front().to_string());
        }
        spec.profile = use(option.profile);
        peers.specs.push_back(std::move(spec));
    }
    if (options.profile) {
        peer::PeerSpec rest;
        rest.profile =
            options.relay
                ? note(profiles.load_text(relaying_profile(*options.profile, *options.relay),
                                          "--relay " + *options.relay))
                : use(*options.profile);
        rest.name = "default";
        peers.specs.push_back(std::move(rest));
    }
    if (auto errors = profiles.errors(); !errors.empty()) {
        return tl::make_unexpected(std::move(errors));
    }
    if (std::string problem = find_conflict(options, parsed, peers.specs); !problem.empty()) {
        return tl::make_unexpected(std::move(problem));
    }
    peers.remarks = profiles.remarks();
    if (std::string problem = profiles.unknown_command(options.fires); !problem.empty()) {
        return tl::make_unexpected(std::move(problem));
    }
    return used;
}

/// Every `--peer`, those of lists one by one. The error is what to print.
[[nodiscard]] tl::expected<std::vector<PeerOption>, std::string> parse_all(
    const CommonOptions& options, Scene scene) {
    std::vector<PeerOption> parsed;
    for (const std::string& text : options.peers) {
        auto list = parse_peers(text);
        if (!list) {
            return tl::make_unexpected("ghostpeer: " + list.error() + "\n");
        }
        for (PeerOption& option : *list) {
            const auto why = scene == Scene::run && option.address ? out_of_reach(*option.address)
                                                                   : std::string_view();
            if (!why.empty()) {
                return tl::make_unexpected(
                    fmt::format("ghostpeer: --peer {} is at {}, {}. So no connection could come to "
                                "it.\n",
                                option.text, option.address->to_string(), why));
            }
            parsed.push_back(std::move(option));
        }
        constexpr std::size_t most = 100'000;
        if (parsed.size() > most) {
            return tl::make_unexpected(
                fmt::format("ghostpeer: --peer names more than {} peers.\n", most));
        }
    }
    return parsed;
}

}  // namespace

tl::expected<Peers, std::string> resolve_peers(const CommonOptions& options, Scene scene,
                                               profile::Waiting waiting) {
    Peers peers;
    auto listed = parse_all(options, scene);
    if (!listed) {
        return tl::make_unexpected(std::move(listed.error()));
    }
    std::vector<PeerOption>& parsed = *listed;
    if (scene == Scene::loopback && !options.dns.empty()) {
        return tl::make_unexpected(
            "ghostpeer: --dns needs a name server, and with --link loopback there is none: "
            "COMMAND's names are those of its /etc/hosts. Use --link tun or ethernet.\n");
    }
    auto dns = parse_dns(options.dns);
    if (!dns) {
        return tl::make_unexpected("ghostpeer: " + dns.error() + "\n");
    }
    peers.dns = std::move(*dns);
    if (std::string problem = name_peers(options, scene, parsed, peers); !problem.empty()) {
        return tl::make_unexpected(std::move(problem));
    }
    for (const PeerOption& option : parsed) {
        peers.port = peers.port ? peers.port : option.port;
    }
    const std::vector<PeerOption> as_written = parsed;
    std::stable_sort(parsed.begin(), parsed.end(), [](const PeerOption& a, const PeerOption& b) {
        return generality(a) < generality(b);
    });

    const auto used = give_profiles(options, parsed, waiting, peers);
    if (!used) {
        return tl::make_unexpected(used.error());
    }
    auto behind = gather_servers(options, {used->begin(), used->end()}, scene == Scene::serve);
    if (!behind) {
        return tl::make_unexpected("ghostpeer: " + behind.error() + "\n");
    }
    peers.relays = std::move(behind->relays);
    peers.servers = std::move(behind->servers);
    if (scene == Scene::run && options.profile) {
        name_servers(options, peers);
    }
    if (scene == Scene::run) {
        add_name_server(peers.specs);
    } else if (scene == Scene::serve && peers.relays.original) {
        return tl::make_unexpected(
            "ghostpeer: `relay: original` goes to where the client wanted to go, which with "
            "`serve` is the peer itself. Name the real server: relay: HOST:PORT.\n");
    }
    if (auto planned = plan_clients(options, scene, peers); !planned) {
        return tl::make_unexpected(std::move(planned.error()));
    }
    if (scene == Scene::loopback) {
        if (auto placed = place_on_loopback(peers, options); !placed) {
            return tl::make_unexpected("ghostpeer: " + placed.error() + "\n");
        }
    }
    peers.address = nth_v4(scene, 0).to_string();
    peers.address6 = nth_v6(scene, 0).to_string();
    if (!options.profile) {
        const bool dials = !peers.clients.empty();
        auto first = first_addresses(as_written, dials);
        std::reverse(first.begin(), first.end());
        for (const wire::IpAddress& address : first) {
            (address.is_v4() ? peers.address : peers.address6) = address.to_string();
        }
    }
    return peers;
}

}  // namespace ghostpeer::setup
