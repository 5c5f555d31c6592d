// Peers that come and go while the run goes on, and the scopes that they belong to.
#include "peer/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ghostpeer::peer {
namespace {

constexpr std::size_t most_behaviours_brought = 1'000;

/// The smaller, the more particular.
[[nodiscard]] int generality(const PeerSpec& spec) noexcept {
    return (spec.addresses.empty() ? 2 : 0) + (spec.port ? 0 : 1);
}

[[nodiscard]] bool share_an_address(const PeerSpec& a, const PeerSpec& b) {
    return (a.addresses.empty() && b.addresses.empty()) ||
           std::any_of(a.addresses.begin(), a.addresses.end(), [&](const auto& address) {
               return std::find(b.addresses.begin(), b.addresses.end(), address) !=
                      b.addresses.end();
           });
}

}  // namespace

/// Why no further profile can be brought in; nothing where one can.
std::optional<std::string> Engine::Impl::refuse_profile(const profile::Profile& profile) const {
    const auto brought = std::count_if(behaviours.begin(), behaviours.end(),
                                       [](const auto& one) { return one->brought_later; });
    if (static_cast<std::size_t>(brought) + ways_brought > most_behaviours_brought) {
        return fmt::format(
            "More than {} profiles have been brought into this run, and each is still needed for "
            "its statistics, so that {} cannot come as well. Use profiles of the catalogue, which "
            "count once however often they are used, end scopes that are over, or begin a new run.",
            most_behaviours_brought, profile.name);
    }
    return std::nullopt;
}

/// Attempts to its address and port are counted from 1 again.
void Engine::Impl::count_attempts_anew(std::size_t peer) {
    for (auto count = attempt_counts.begin(); count != attempt_counts.end();) {
        count = peer_at(count->first) == peer ? attempt_counts.erase(count) : std::next(count);
    }
}

tl::expected<std::size_t, std::string> Engine::add_peer(PeerSpec spec, Instant now) {
    impl_->advance(now);
    if (spec.profile->role == profile::Role::client) {
        return tl::make_unexpected(
            fmt::format("The profile {} is that of a client (`role: client`), whose connections "
                        "are planned when the run begins: no peer can come with it later.",
                        spec.profile->name));
    }
    const auto same = [&](std::size_t other) {
        const PeerSpec& there = impl_->peers[other];
        return there.port == spec.port && share_an_address(there, spec);
    };
    if (const auto other = std::find_if(impl_->precedence.begin(), impl_->precedence.end(), same);
        other != impl_->precedence.end()) {
        const std::string& name = impl_->peers[*other].name;
        return tl::make_unexpected(fmt::format(
            "The peer {} is at this address and port already. Give the new one another port, or "
            "let that one go first.",
            name.empty() ? "of ghostpeer itself" : name));
    }
    if (auto refusal = impl_->refuse_profile(*spec.profile)) {
        return tl::make_unexpected(std::move(*refusal));
    }
    auto& behaviours = impl_->behaviour_of_peer;
    const auto free = std::find(behaviours.begin(), behaviours.end(), nullptr);
    const auto index = static_cast<std::size_t>(free - behaviours.begin());
    if (index >= most_peers) {
        return tl::make_unexpected(
            fmt::format("There are {} peers, and no more can be. Let some go.", index));
    }
    Behaviour* behaviour = impl_->bring(spec.profile, true, now, spec.scope);
    const auto place = std::find_if(
        impl_->precedence.begin(), impl_->precedence.end(),
        [&](std::size_t other) { return generality(impl_->peers[other]) > generality(spec); });
    impl_->precedence.insert(place, index);
    if (free == behaviours.end()) {
        impl_->peers.push_back(std::move(spec));
        behaviours.push_back(behaviour);
        impl_->attempts_of_peer.push_back(0);
    } else {
        impl_->peers[index] = std::move(spec);
        behaviours[index] = behaviour;
        impl_->attempts_of_peer[index] = 0;
    }
    if (index < impl_->future_blackhole.size()) {
        impl_->future_blackhole[index].reset();
    }
    impl_->count_attempts_anew(index);
    return index;
}

void Engine::remove_peer(std::size_t peer, Instant now) {
    if (peer >= impl_->peers.size() || impl_->behaviour_of_peer[peer] == nullptr) {
        return;
    }
    impl_->advance(now);
    impl_->settle_unsettled(now);
    std::vector<Handle> theirs;
    impl_->connections.for_each([&](const Connection& connection) {
        if (impl_->peer_at(connection.flow.local) == peer) {
            theirs.push_back({connection.slot, connection.id});
        }
    });
    for (const Handle handle : theirs) {
        if (Connection* connection = impl_->connections.find(handle)) {
            impl_->live -= connection->live() ? 1 : 0;
            impl_->erase(*connection);
        }
    }
    impl_->count_attempts_anew(peer);
    std::erase(impl_->precedence, peer);
    impl_->campaigns.forget(peer);
    impl_->behaviour_of_peer[peer] = nullptr;
    impl_->drop_unused_behaviours();
}

void Engine::conclude_scope(std::string_view scope, Instant now) {
    impl_->advance(now);
    impl_->settle_unsettled(now);
    impl_->connections.for_each([&](Connection& connection) {
        if (connection.behaviour->scope == scope) {
            const bool cut = connection.blackholed_in || connection.reading_stopped;
            impl_->tell_surprises(connection, !cut, now);
            impl_->tell_repeats(connection, true, now);
        }
    });
}

ScopeCounts Engine::scope_counts(std::string_view scope) {
    ScopeCounts counts;
    std::set<std::uint32_t> numbers;
    for (const auto& behaviour : impl_->behaviours) {
        if (behaviour->scope != scope) {
            continue;
        }
        numbers.insert(behaviour->number);
        event::Tally tally{behaviour->number, behaviour->connections, behaviour->traffic, {}};
        for (const RuleRecord& record : behaviour->records) {
            tally.rules.push_back(summarize(record));
        }
        counts.tallies.push_back(std::move(tally));
    }
    const auto& records = impl_->update_records();
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (!numbers.contains(records[i].profile)) {
            continue;
        }
        counts.attempts.push_back(records[i]);
        if (i < impl_->trails.size() && impl_->trails[i]) {
            AttemptRecord& attempt = counts.attempts.back();
            attempt.trail = impl_->trails[i];
            attempt.trail->ending = attempt.ending;
        }
    }
    return counts;
}

void Engine::end_scope(std::string_view scope, Instant now) {
    if (scope.empty()) {
        return;
    }
    for (std::size_t i = 0; i < impl_->peers.size(); ++i) {
        if (impl_->peers[i].scope == scope) {
            remove_peer(i, now);
        }
    }
    for (event::Tally& tally : scope_counts(scope).tallies) {
        impl_->post(nullptr, now, std::make_shared<const event::Tally>(std::move(tally)));
    }
    std::erase_if(impl_->behaviours, [&](const auto& behaviour) {
        const bool goes = behaviour->scope == scope;
        impl_->ways_brought += goes && behaviour->profile->link ? 1 : 0;
        return goes;
    });
}

}  // namespace ghostpeer::peer
