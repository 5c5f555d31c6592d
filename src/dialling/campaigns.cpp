#include "dialling/campaigns.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::dialling {
namespace {

// Linux: ip_local_port_range.
constexpr std::uint32_t first_ephemeral = 32'768;
constexpr std::uint32_t ephemeral_ports = 60'999 - first_ephemeral + 1;
constexpr std::uint64_t most_sources = 1'000'000;  // of a block: no client opens more
constexpr std::size_t most_campaigns = 10'000;
constexpr std::uint32_t most_early = 1'000;

[[nodiscard]] std::uint64_t hosts_of(const wire::AddressBlock& block) noexcept {
    return std::min(block.hosts(), most_sources);
}

[[nodiscard]] std::size_t times_of(const profile::Client& client) noexcept {
    return std::max<std::size_t>(client.at.size(), 1);
}

/// `behaviour`: null where the peer is gone.
[[nodiscard]] bool waits(const rules::Behaviour* behaviour, std::string_view command) {
    return behaviour != nullptr && behaviour->profile->role == profile::Role::client &&
           behaviour->profile->client.on == command;
}

/// The address of the connection with this number, of all that the peer opens.
[[nodiscard]] wire::IpAddress source_of(const Station& station, std::uint32_t number) {
    std::uint64_t left = number % station.source_count;
    for (const wire::AddressBlock& block : station.sources) {
        const std::uint64_t hosts = hosts_of(block);
        if (left < hosts) {
            return block.host(left);
        }
        left -= hosts;
    }
    return station.from;
}

/// The port of the connection with this number where the profile says that of the first.
[[nodiscard]] std::uint16_t fixed_port(const Station& station, std::uint16_t first,
                                       std::uint32_t number) {
    // Of a command that comes again and again the ports begin anew.
    const std::uint64_t ports = UINT16_MAX + 1U - first;
    return static_cast<std::uint16_t>(first + number / station.source_count % ports);
}

}  // namespace

void Campaigns::add(Station station, const Behaviours& behaviours, std::uint32_t random,
                    Instant now) {
    const profile::Client& client = behaviours[station.peer]->profile->client;
    for (const wire::AddressBlock& block : client.sources) {
        if (block.first.is_v4() == station.from.is_v4()) {
            station.sources.push_back(block);
        }
    }
    if (!station.sources.empty()) {
        station.source_count = 0;
        for (const wire::AddressBlock& block : station.sources) {
            station.source_count += hosts_of(block);
        }
    }
    station.port_offset = station.ports.empty() ? random % ephemeral_ports : 0;
    const auto early = fired_early_.find(client.on);
    const std::uint32_t times = client.on.empty()             ? 1
                                : early == fired_early_.end() ? 0
                                                              : early->second;
    stations_.push_back(std::move(station));
    for (std::uint32_t i = 0; i < times; ++i) {
        begin(stations_.size() - 1, behaviours, now);
    }
}

/// One for each time of the profile.
void Campaigns::begin(std::size_t index, const Behaviours& behaviours, Instant now) {
    Station& station = stations_[index];
    rules::Behaviour* const behaviour = behaviours[station.peer];
    const profile::Client& client = behaviour->profile->client;
    for (std::size_t i = 0; i < times_of(client); ++i) {
        if (campaigns_.size() >= most_campaigns) {
            overflow_ = true;
            return;
        }
        Campaign campaign;
        campaign.behaviour = behaviour;
        campaign.station = index;
        campaign.first = station.planned;
        campaign.left = client.connections;
        campaign.begin = now + (client.at.empty() ? Duration::zero() : client.at[i]);
        campaign.next = campaign.begin;
        campaigns_.push_back(campaign);
        station.planned += client.connections;
    }
}

std::size_t Campaigns::fire(std::string_view command, const Behaviours& behaviours, Instant now) {
    std::size_t fired = 0;
    bool stands = false;
    for (std::size_t i = 0; i < stations_.size(); ++i) {
        const rules::Behaviour* const behaviour = behaviours[stations_[i].peer];
        if (waits(behaviour, command)) {
            const profile::Client& client = behaviour->profile->client;
            stands = true;
            begin(i, behaviours, now);
            fired += client.connections * times_of(client);
        }
    }
    if (!stands && waits_for(command, behaviours)) {
        // The program does not listen yet.
        std::uint32_t& times = fired_early_[std::string(command)];
        times = std::min(times + 1, most_early);
    }
    return fired;
}

bool Campaigns::waits_for(std::string_view command, const Behaviours& behaviours) {
    return std::any_of(behaviours.begin(), behaviours.end(),
                       [&](const auto* behaviour) { return waits(behaviour, command); });
}

Instant Campaigns::next() const noexcept {
    Instant next = Instant::max();
    for (const Campaign& campaign : campaigns_) {
        next = std::min(next, campaign.next);
    }
    return next;
}

std::uint64_t Campaigns::left() const noexcept {
    std::uint64_t left = 0;
    for (const Campaign& campaign : campaigns_) {
        left += campaign.left;
    }
    return left;
}

std::optional<wire::Flow> Campaigns::next_flow(
    const Campaign& campaign, const std::function<bool(const wire::Flow&)>& usable) {
    Station& station = stations_[campaign.station];
    const std::uint32_t number = campaign.first + campaign.made;
    wire::Flow flow{{source_of(station, number), 0}, station.to};
    if (const auto& fixed = campaign.client().source_port) {
        flow.local.port = fixed_port(station, *fixed, number);
        return usable(flow) ? std::optional(flow) : std::nullopt;
    }
    const auto count =
        station.ports.empty() ? ephemeral_ports : static_cast<std::uint32_t>(station.ports.size());
    for (std::uint32_t tried = 0; tried < count; ++tried) {
        flow.local.port = station.ports.empty()
                              ? static_cast<std::uint16_t>(first_ephemeral + station.port_offset)
                              : station.ports[station.port_offset];
        station.port_offset = (station.port_offset + 1) % count;
        if (usable(flow)) {
            return flow;
        }
    }
    return std::nullopt;
}

void Campaigns::go_on_after(event::ConnectionId id, bool over, bool answered, Instant now) {
    for (Campaign& campaign : campaigns_) {
        const auto& after = campaign.client().after;
        if (campaign.waits_for == id && after && has_come_to(*after, over, answered)) {
            campaign.waits_for = 0;
            campaign.next = now;
        }
    }
}

void Campaigns::forget(std::size_t peer) {
    std::erase_if(campaigns_, [&](const Campaign& campaign) {
        return stations_[campaign.station].peer == peer;
    });
}

void Campaigns::drop_done() {
    std::erase_if(campaigns_, [](const Campaign& campaign) { return campaign.left == 0; });
}

}  // namespace ghostpeer::dialling
