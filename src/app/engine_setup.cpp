#include "app/engine_setup.hpp"

#include "ghostpeer/profile/sends_icmp.hpp"

#include <algorithm>

namespace ghostpeer::app {
namespace {

[[nodiscard]] bool any_sends_icmp(const profile::Profile& profile) {
    return profile::sends_icmp(profile) ||
           std::any_of(profile.attempts.begin(), profile.attempts.end(),
                       [](const auto& one) { return profile::sends_icmp(*one.profile); });
}

}  // namespace

bool have_expectations(const Peers& peers) {
    return std::any_of(peers.specs.begin(), peers.specs.end(),
                       [](const peer::PeerSpec& spec) { return !spec.profile->expect.empty(); });
}

bool make_other_packets(const Peers& peers) {
    return peers.relays_original ||
           std::any_of(peers.specs.begin(), peers.specs.end(),
                       [](const peer::PeerSpec& spec) { return any_sends_icmp(*spec.profile); });
}

peer::Settings make_settings(const CommonOptions& options, const Peers& peers, std::uint64_t seed) {
    peer::Settings settings;
    settings.seed = seed;
    settings.mtu = options.mtu;
    settings.max_connections = options.max_connections;
    settings.max_buffered = options.max_buffer;
    settings.segment_events =
        !options.quiet || options.events_file.has_value() || have_expectations(peers);
    settings.rtt = options.rtt.value_or(Duration::zero());
    return settings;
}

}  // namespace ghostpeer::app
