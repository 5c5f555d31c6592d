#include "setup/engine_setup.hpp"

#include "ghostpeer/profile/sends_icmp.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdint>

namespace ghostpeer::setup {
namespace {

[[nodiscard]] bool any_sends_icmp(const profile::Profile& profile) {
    return profile::sends_icmp(profile) ||
           std::any_of(profile.attempts.begin(), profile.attempts.end(),
                       [](const auto& one) { return profile::sends_icmp(*one.profile); });
}

[[nodiscard]] bool have_expectations(const Peers& peers) {
    return std::any_of(peers.specs.begin(), peers.specs.end(),
                       [](const peer::PeerSpec& spec) { return !spec.profile->expect.empty(); });
}

[[nodiscard]] std::size_t quarter_of_memory() noexcept {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0
               ? static_cast<std::size_t>(pages) / 4 * static_cast<std::size_t>(page)
               : SIZE_MAX / 2;
}

}  // namespace

std::size_t memory_limit(const CommonOptions& options) noexcept {
    return options.max_memory.value_or(quarter_of_memory());
}

std::vector<std::string> profile_names(const Peers& peers) {
    std::vector<std::string> names;
    for (const peer::PeerSpec& spec : peers.specs) {
        if (std::find(names.begin(), names.end(), spec.profile->name) == names.end()) {
            names.push_back(spec.profile->name);
        }
    }
    return names;
}

bool make_other_packets(const Peers& peers) {
    return peers.relays.original || !peers.dns.empty() ||
           std::any_of(peers.specs.begin(), peers.specs.end(),
                       [](const peer::PeerSpec& spec) { return any_sends_icmp(*spec.profile); });
}

peer::Settings make_settings(const CommonOptions& options, const Peers& peers, std::uint64_t seed) {
    peer::Settings settings;
    settings.seed = seed;
    settings.mtu = options.mtu;
    settings.max_connections = options.max_connections;
    settings.max_buffered = options.max_buffer;
    settings.max_memory = memory_limit(options);
    settings.segment_events = !is_quiet(options) || options.events_file || options.report_file ||
                              wants_annotated_capture(options) || have_expectations(peers);
    settings.rtt = options.rtt.value_or(Duration::zero());
    settings.link = options.way;
    return settings;
}

}  // namespace ghostpeer::setup
