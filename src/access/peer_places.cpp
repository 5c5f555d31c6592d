#include "access/peer_places.hpp"

#include "profile/host_name.hpp"
#include "setup/option_text.hpp"
#include "setup/peer_names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ghostpeer::access {
namespace {

constexpr std::uint32_t first_v4 = 0xc6130001;  // 198.19.0.1; --peer has 198.18
constexpr std::size_t most_addresses = 60'000;

/// As names are compared: in lower case, and without the root's dot.
[[nodiscard]] std::string key_of(const std::string& name) {
    std::string key = setup::in_lower_case(name);
    if (key.size() > 1 && key.back() == '.') {
        key.pop_back();
    }
    return key;
}

/// 2001:2:0:1::1 and on; --peer has 2001:2::
[[nodiscard]] wire::IpAddress v6_of(std::size_t n) {
    std::array<std::uint8_t, 16> bytes{0x20, 0x01, 0, 0x02, 0, 0, 0, 1};
    bytes[14] = static_cast<std::uint8_t>((n + 1) >> 8U);
    bytes[15] = static_cast<std::uint8_t>((n + 1) & 0xffU);
    return wire::IpAddress::v6(bytes);
}

}  // namespace

PeerPlaces::PeerPlaces(const setup::Peers& peers, setup::Family family, servers::NameServer* names,
                       std::vector<wire::IpAddress> served)
    : peers_(peers), family_(family), names_(names), served_(std::move(served)) {
    for (const peer::PeerSpec& spec : peers_.specs) {
        first_.insert(spec.addresses.begin(), spec.addresses.end());
    }
}

std::vector<wire::IpAddress> PeerPlaces::give_out(setup::Family family) {
    // Who asks for an address by name may have taken one of these.
    for (std::size_t tries = 0; tries < most_addresses; ++tries) {
        const std::size_t n = next_++;
        if (n >= most_addresses) {
            return {};
        }
        std::vector<wire::IpAddress> given;
        if (family != setup::Family::ipv6) {
            given.push_back(wire::IpAddress::v4(first_v4 + static_cast<std::uint32_t>(n)));
        }
        if (family != setup::Family::ipv4) {
            given.push_back(v6_of(n));
        }
        if (std::none_of(given.begin(), given.end(), [&](const auto& address) {
                return taken_.contains(address) || first_.contains(address);
            })) {
            return given;
        }
    }
    return {};
}

tl::expected<std::vector<wire::IpAddress>, std::string> PeerPlaces::take(
    const control::WantedPlace& wanted) {
    if (names_ == nullptr) {
        return take_served(wanted);
    }
    if (!wanted.name.empty()) {
        return take_name(wanted.name);
    }
    if (wanted.address) {
        if (const auto why = setup::out_of_reach(*wanted.address); !why.empty()) {
            return tl::make_unexpected(fmt::format(
                "{} is an address {}, so that no connection could come to a peer there.",
                wanted.address->to_string(), why));
        }
        ++taken_[*wanted.address];
        return std::vector{*wanted.address};
    }
    // One that is free is of one family, so that it is one address that a program is told.
    auto given = give_out(family_ == setup::Family::ipv6 ? family_ : setup::Family::ipv4);
    if (given.empty()) {
        return tl::make_unexpected(
            fmt::format("{} addresses have been given out, and there are no more. Name one, or "
                        "begin a new run.",
                        most_addresses));
    }
    ++taken_[given.front()];
    return given;
}

tl::expected<std::vector<wire::IpAddress>, std::string> PeerPlaces::take_name(
    const std::string& name) {
    const std::string key = key_of(name);
    if (!profile::is_host_name(key)) {
        return tl::make_unexpected(
            fmt::format("\"{}\" is no name of a host: letters, digits, hyphens, and a dot between "
                        "its parts.",
                        name.substr(0, 300)));
    }
    if (const auto known = peers_.addresses_by_name.find(key);
        known != peers_.addresses_by_name.end()) {
        return known->second;
    }
    Name& host = by_name_[key];
    if (host.addresses.empty()) {
        host.addresses = give_out(family_);
    }
    if (host.addresses.empty()) {
        by_name_.erase(key);
        return tl::make_unexpected(
            fmt::format("{} addresses have been given out, and there are no more. Use names again, "
                        "or begin a new run.",
                        most_addresses));
    }
    if (host.peers++ == 0) {
        names_->add_name(key, host.addresses);
    }
    return host.addresses;
}

tl::expected<std::vector<wire::IpAddress>, std::string> PeerPlaces::take_served(
    const control::WantedPlace& wanted) const {
    if (!wanted.name.empty()) {
        const auto known = peers_.addresses_by_name.find(key_of(wanted.name));
        if (known != peers_.addresses_by_name.end()) {
            return known->second;
        }
        return tl::make_unexpected(
            fmt::format("Where programs elsewhere are served, nobody asks ghostpeer for names, and "
                        "\"{}\" is none of --peer. Name an address.",
                        wanted.name.substr(0, 300)));
    }
    if (wanted.address &&
        std::find(served_.begin(), served_.end(), *wanted.address) != served_.end()) {
        return std::vector{*wanted.address};
    }
    std::vector<std::string> texts;
    for (const wire::IpAddress& address : served_) {
        texts.push_back(address.to_string());
    }
    return tl::make_unexpected(fmt::format(
        "A peer that comes can be at an address that is served: {}. {}", fmt::join(texts, ", "),
        wanted.address ? wanted.address->to_string() + " is not." : "Name one."));
}

void PeerPlaces::give_back(const control::WantedPlace& place) {
    const auto taken = place.address ? taken_.find(*place.address) : taken_.end();
    if (taken != taken_.end() && --taken->second == 0) {
        taken_.erase(taken);
    }
    const std::string key = key_of(place.name);
    if (const auto name = by_name_.find(key); names_ != nullptr && name != by_name_.end() &&
                                              name->second.peers > 0 && --name->second.peers == 0) {
        names_->remove_name(key);
    }
}

}  // namespace ghostpeer::access
