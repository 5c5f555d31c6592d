#include "setup/peer_names.hpp"

#include "setup/option_text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ghostpeer::setup {
namespace {

constexpr std::uint32_t first_v4 = program_v4 + 1;
constexpr std::size_t max_names = 60'000;

/// A name of `--peer`, and what its options have it stand for.
struct Named {
    std::string name;  ///< as it was first written
    std::string key;   ///< in lower case
    std::vector<PeerOption*> options{};
    std::vector<wire::IpAddress> addresses{};
    /// Those given out to the place of a list, which another port's list has, too.
    std::map<std::pair<std::size_t, Family>, std::vector<wire::IpAddress>> by_place{};

    void add(const wire::IpAddress& address) {
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
            addresses.push_back(address);
        }
    }
};

/// Gives addresses out, in order.
class Addresses {
  public:
    Addresses(Scene scene, std::size_t first, const std::vector<PeerOption>& parsed)
        : scene_(scene), next_(first) {
        for (const PeerOption& option : parsed) {
            if (option.position && option.address) {
                taken_.insert(*option.address);
            }
        }
    }

    /// Empty: there are no more.
    [[nodiscard]] std::vector<wire::IpAddress> give(Family family) {
        while (next_ < max_names &&
               (taken_.contains(nth_v4(scene_, next_)) || taken_.contains(nth_v6(scene_, next_)))) {
            ++next_;
        }
        std::vector<wire::IpAddress> given;
        if (next_ >= max_names) {
            return given;
        }
        if (family != Family::ipv6) {
            given.push_back(nth_v4(scene_, next_));
        }
        if (family != Family::ipv4) {
            given.push_back(nth_v6(scene_, next_));
        }
        ++next_;
        return given;
    }

    [[nodiscard]] std::size_t given() const noexcept { return next_; }

  private:
    Scene scene_;
    std::size_t next_;
    std::set<wire::IpAddress> taken_;  ///< that a list names
};

/// The addresses of one entry of a list. False: there are no more.
[[nodiscard]] bool place_listed(PeerOption& option, Family usual, Named& named,
                                Addresses& addresses) {
    if (option.address) {
        option.addresses = {*option.address};
    } else {
        const Family family = option.family.value_or(usual);
        auto& given = named.by_place[{*option.position, family}];
        if (given.empty()) {
            given = addresses.give(family);
        }
        option.addresses = given;
    }
    for (const wire::IpAddress& address : option.addresses) {
        named.add(address);
    }
    return !option.addresses.empty();
}

void tell(const Named& named, Scene scene, Peers& peers) {
    HostName host{named.name, {}};
    for (const wire::IpAddress& address : named.addresses) {
        peers.names_by_address[address] = named.name;
        peers.addresses_by_name[named.key].push_back(address);
        host.addresses.push_back(address.to_string());
        const bool on_lo =
            address.is_v4() ? address.v4_host_order() >> 24U == 127 : address == loopback_v6();
        if (scene == Scene::loopback && !on_lo) {
            peers.loopback.addresses.push_back(host.addresses.back());
        }
    }
    peers.names.push_back(std::move(host));
}

}  // namespace

wire::IpAddress program_v6() { return *wire::IpAddress::parse("2001:2::1"); }

wire::IpAddress loopback_v6() { return *wire::IpAddress::parse("::1"); }

wire::IpAddress nth_v4(Scene scene, std::size_t n) {
    const std::uint32_t first = scene == Scene::loopback ? loopback_v4 : first_v4;
    return wire::IpAddress::v4(first + static_cast<std::uint32_t>(n));
}

wire::IpAddress nth_v6(Scene scene, std::size_t n) {
    if (scene == Scene::loopback && n == 0) {
        return loopback_v6();
    }
    const std::size_t host = n + 2;  // 2001:2::2 and on
    return wire::IpAddress::v6({0x20, 0x01, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                static_cast<std::uint8_t>(host >> 8),
                                static_cast<std::uint8_t>(host & 0xff)});
}

std::string name_peers(const CommonOptions& options, Scene scene, std::vector<PeerOption>& parsed,
                       Peers& peers) {
    std::string too_many = "ghostpeer: there are too many names in --peer.\n";
    // Names in the order of the command line, so that the first has the first address.
    Addresses addresses(scene, options.profile ? 1 : 0, parsed);
    std::vector<Named> names;
    std::map<std::string, std::size_t> places;
    for (PeerOption& option : parsed) {
        if (!option.named) {
            option.addresses = option.address ? std::vector{*option.address} : option.addresses;
            continue;
        }
        const auto [place, fresh] = places.emplace(in_lower_case(option.name), names.size());
        if (fresh) {
            names.push_back({option.name, place->first});
        }
        names[place->second].options.push_back(&option);
    }
    for (Named& named : names) {
        for (PeerOption* option : named.options) {
            if (option->position && !place_listed(*option, options.family, named, addresses)) {
                return too_many;
            }
        }
        if (named.addresses.empty()) {
            named.addresses = addresses.give(options.family);
        }
        if (named.addresses.empty()) {
            return too_many;
        }
        for (PeerOption* option : named.options) {
            if (!option->position) {
                option->addresses = named.addresses;
            }
        }
        tell(named, scene, peers);
    }
    peers.places_given = addresses.given();
    return {};
}

void name_servers(const CommonOptions& options, Peers& peers) {
    std::size_t next = std::max<std::size_t>(peers.places_given, 1);
    for (const profile::Server& server : peers.servers) {
        const std::string key = in_lower_case(server.name);
        if (peers.addresses_by_name.contains(key) || next >= max_names) {
            continue;
        }
        Named named{server.name, key};
        if (options.family != Family::ipv6) {
            named.add(nth_v4(Scene::run, next));
        }
        if (options.family != Family::ipv4) {
            named.add(nth_v6(Scene::run, next));
        }
        tell(named, Scene::run, peers);
        ++next;
    }
}

std::string_view out_of_reach(const wire::IpAddress& address) {
    const auto first = static_cast<unsigned>(address.is_v4() ? address.v4_host_order() >> 24U
                                                             : address.bytes()[0]);
    if (address == wire::IpAddress::v4(program_v4) || address == program_v6()) {
        return "which is COMMAND's own";
    }
    if (address == loopback_v6() || (address.is_v4() && first == 127)) {
        return "which is on COMMAND's own loopback: --link loopback puts peers there";
    }
    const bool all_hosts = address.is_v4()
                               ? first == 0 || first >= 224
                               : first == 0xff || address == *wire::IpAddress::parse("::");
    return all_hosts ? "which is no host's" : "";
}

}  // namespace ghostpeer::setup
