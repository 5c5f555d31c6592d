#include "setup/serve_link.hpp"

#include "link/loopback.hpp"
#include "link/tun.hpp"
#include "sandbox/enter.hpp"
#include "sandbox/served_interface.hpp"
#include "setup/loopback_places.hpp"

#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <sstream>

namespace ghostpeer::setup {
namespace {

using Opened = tl::expected<sandbox::Opened, sandbox::Error>;

constexpr const char* default_tun = "ghost0";

[[nodiscard]] tl::unexpected<sandbox::Error> failed(std::string message) {
    return tl::unexpected(sandbox::Error{sandbox::Error::Kind::failed, std::move(message)});
}

[[nodiscard]] Opened open_anywhere(const ServeOptions& options,
                                   const std::function<Opened()>& open) {
    return options.netns ? sandbox::open_in_namespace(*options.netns, open) : open();
}

/// What crosses from the namespace to here, beside descriptors.
struct LanFacts {
    link::MacAddress own;
    std::uint16_t mtu;
    int index;
};

template <class Facts>
[[nodiscard]] std::string pack(const Facts& facts) {
    std::string bytes(sizeof facts, '\0');
    std::memcpy(bytes.data(), &facts, sizeof facts);
    return bytes;
}

template <class Facts>
[[nodiscard]] Facts unpack(const std::string& bytes) {
    Facts facts{};
    std::memcpy(&facts, bytes.data(), std::min(bytes.size(), sizeof facts));
    return facts;
}

// Ethernet ----------------------------------------------------------------------------------------

[[nodiscard]] Opened open_ethernet(const ServeOptions& options) {
    auto lan = link::open_lan({options.interface, options.mac, options.addresses});
    if (!lan) {
        return failed(lan.error().message);
    }
    sandbox::Opened opened;
    opened.descriptors.push_back(std::move(lan->packets));
    opened.descriptors.push_back(std::move(lan->neighbours));
    opened.descriptors.push_back(std::move(lan->news));
    opened.facts = pack(LanFacts{lan->own, lan->mtu, lan->index});
    return opened;
}

[[nodiscard]] ServedLink make_ethernet(const ServeOptions& options, sandbox::Opened& opened,
                                       std::uint64_t seed, Instant now) {
    const auto facts = unpack<LanFacts>(opened.facts);
    link::PresenceSpec spec;
    spec.own = facts.own;
    spec.addresses = options.addresses;
    spec.gateways = options.gateways;
    spec.seed = seed;
    if (options.probe_time) {
        spec.v4 = spec.v4.within(*options.probe_time);
        spec.v6 = spec.v6.within(*options.probe_time);
    }
    ServedLink served;
    served.own = facts.own;
    served.presence = std::make_unique<link::Presence>(std::move(spec), now);
    const std::uint16_t mtu = options.mtu_given ? std::min(options.mtu, facts.mtu) : facts.mtu;
    served.link = link::make_lan_link(std::move(opened.descriptors[0]), options.interface,
                                      facts.own, mtu, *served.presence);
    served.neighbours = std::move(opened.descriptors[1]);
    served.news = std::move(opened.descriptors[2]);
    served.index = facts.index;
    return served;
}

// TUN ---------------------------------------------------------------------------------------------

[[nodiscard]] Opened open_tun(const ServeOptions& options) {
    const std::string name = options.interface.empty() ? default_tun : options.interface;
    auto device = link::open_tun_device(name);
    if (!device) {
        return failed(device.error().message);
    }
    std::vector<std::string> addresses;
    for (const link::OwnAddress& own : options.addresses) {
        addresses.push_back(own.address.to_string());
    }
    if (auto configured = sandbox::configure_served_interface(name, options.mtu, addresses);
        !configured) {
        return tl::unexpected(std::move(configured.error()));
    }
    sandbox::Opened opened;
    opened.descriptors.push_back(std::move(*device));
    return opened;
}

// Loopback ----------------------------------------------------------------------------------------

[[nodiscard]] Opened open_loopback(const std::vector<wire::Endpoint>& places) {
    auto sockets = link::open_loopback_sockets(places);
    if (!sockets) {
        return failed(sockets.error().message);
    }
    sandbox::Opened opened;
    opened.descriptors.push_back(std::move(sockets->capture));
    opened.facts = fmt::format("{} {}\n", sockets->raw_v4 ? 1 : 0, sockets->raw_v6 ? 1 : 0);
    for (FileDescriptor* raw : {&sockets->raw_v4, &sockets->raw_v6}) {
        if (*raw) {
            opened.descriptors.push_back(std::move(*raw));
        }
    }
    for (FileDescriptor& guard : sockets->guards) {
        opened.descriptors.push_back(std::move(guard));
    }
    for (const wire::Endpoint& place : sockets->places) {
        opened.facts += fmt::format("{} {}\n", place.address.to_string(), place.port);
    }
    return opened;
}

[[nodiscard]] link::LoopbackSockets take_loopback(sandbox::Opened& opened) {
    std::istringstream facts(opened.facts);
    link::LoopbackSockets sockets;
    std::size_t next = 0;
    const auto take = [&] { return std::move(opened.descriptors.at(next++)); };
    sockets.capture = take();
    for (FileDescriptor* raw : {&sockets.raw_v4, &sockets.raw_v6}) {
        int there = 0;
        if (facts >> there && there != 0) {
            *raw = take();
        }
    }
    while (next < opened.descriptors.size()) {
        sockets.guards.push_back(take());
    }
    std::string address;
    std::uint16_t port = 0;
    while (facts >> address >> port) {
        if (const auto parsed = wire::IpAddress::parse(address)) {
            sockets.places.push_back({*parsed, port});
        }
    }
    return sockets;
}

}  // namespace

tl::expected<void, std::string> place_served(const ServeOptions& options, Peers& peers) {
    if (options.profile) {
        return tl::make_unexpected(
            "a PROFILE for the rest of the world is not possible with --link loopback, where the "
            "rest belongs to this host. Say --peer ADDR:PORT=" +
            *options.profile + ".");
    }
    for (const peer::PeerSpec& spec : peers.specs) {
        const bool dials = spec.profile->role == profile::Role::client;
        if (spec.addresses.empty() || (!spec.port && !dials)) {
            return tl::make_unexpected(fmt::format(
                "--peer …={}: with --link loopback a peer needs an address of this host{}, such "
                "as {}.",
                spec.profile->name, dials ? "" : " and a port",
                dials ? "127.0.0.1" : "127.0.0.1:8080"));
        }
    }
    return place_on_loopback(peers, options);
}

tl::expected<ServedLink, std::string> open_served_link(const ServeOptions& options,
                                                       const Peers& peers, std::uint64_t seed,
                                                       Instant now) {
    auto opened = open_anywhere(options, [&]() -> Opened {
        switch (options.link) {
            case ServeOptions::Link::ethernet: return open_ethernet(options);
            case ServeOptions::Link::tun: return open_tun(options);
            case ServeOptions::Link::loopback: break;
        }
        return open_loopback(peers.loopback.places);
    });
    if (!opened) {
        return tl::make_unexpected(opened.error().message);
    }
    ServedLink served;
    switch (options.link) {
        case ServeOptions::Link::ethernet: return make_ethernet(options, *opened, seed, now);
        case ServeOptions::Link::tun:
            served.link = link::make_tun_link(std::move(opened->descriptors.at(0)), options.mtu);
            break;
        case ServeOptions::Link::loopback:
            served.link = link::make_loopback_link(
                take_loopback(*opened), options.mtu_given ? options.mtu : link::loopback_mtu);
            break;
    }
    return served;
}

}  // namespace ghostpeer::setup
