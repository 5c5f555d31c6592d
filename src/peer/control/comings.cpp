// Peers that come and go while the run goes on, and the scopes that they belong to.
#include "peer/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ghostpeer::peer {
namespace {

constexpr std::size_t most_behaviours_brought = 1'000;

[[nodiscard]] bool is_at(const PeerSpec& spec, const wire::Endpoint& place) {
    const auto& addresses = spec.addresses;
    return (!spec.port || *spec.port == place.port) &&
           (addresses.empty() ||
            std::find(addresses.begin(), addresses.end(), place.address) != addresses.end());
}

}  // namespace

/// Why no further profile can be brought in; nothing where one can.
std::optional<std::string> Engine::Impl::refuse_profile(const profile::Profile& profile) const {
    const auto brought = std::count_if(behaviours.begin(), behaviours.end(),
                                       [](const auto& one) { return one->brought_later; });
    if (static_cast<std::size_t>(brought) > most_behaviours_brought) {
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
    const PeerSpec& spec = peers[peer];
    if (spec.port && !spec.addresses.empty()) {
        for (const wire::IpAddress& address : spec.addresses) {
            attempt_counts.erase({address, *spec.port});
        }
        return;
    }
    for (auto count = attempt_counts.begin(); count != attempt_counts.end();) {
        const bool its = is_at(spec, count->first) && places.find(count->first) == peer;
        count = its ? attempt_counts.erase(count) : std::next(count);
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
    if (const auto other = impl_->places.find_same({spec.addresses, spec.port})) {
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
    impl_->places.add(index, {spec.addresses, spec.port});
    impl_->members.keep(index);
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

void Engine::leave_peer(std::size_t peer) {
    if (peer < impl_->peers.size()) {
        impl_->members.leave(peer);
        impl_->finish_asked.erase(peer);
    }
}

void Engine::remove_peer(std::size_t peer, Instant now) {
    while (!remove_peer(peer, SIZE_MAX, now)) {
    }
}

bool Engine::remove_peer(std::size_t peer, std::size_t most, Instant now) {
    if (peer >= impl_->peers.size() || impl_->behaviour_of_peer[peer] == nullptr) {
        return true;
    }
    leave_peer(peer);
    impl_->advance(now);
    impl_->settle_unsettled(now);
    if (!impl_->members.keeps(peer)) {
        impl_->members.keep(peer);
        impl_->connections.for_each([&](const Connection& connection) {
            if (connection.peer == peer) {
                impl_->members.add(connection, impl_->connections);
            }
        });
    }
    for (std::size_t erased = 0; erased < most; ++erased) {
        Connection* connection = impl_->members.take_one(peer, impl_->connections);
        if (connection == nullptr) {
            impl_->let_go(peer, now);
            return true;
        }
        impl_->live -= connection->live() ? 1 : 0;
        impl_->erase(*connection);
    }
    return false;
}

/// It has no connection any more.
void Engine::Impl::let_go(std::size_t peer, Instant now) {
    count_attempts_anew(peer);
    places.remove(peer, {peers[peer].addresses, peers[peer].port});
    campaigns.forget(peer);
    behaviour_of_peer[peer] = nullptr;
    peers[peer].scope.clear();
    members.forget(peer);
    drop_unused_behaviours();
    finish_together(now);
}

void Engine::Impl::drop_behaviours(const std::function<bool(const Behaviour&)>& gone) {
    std::set<const profile::Link*> ways_gone;
    std::erase_if(behaviours, [&](const auto& behaviour) {
        const bool goes = gone(*behaviour);
        if (goes) {
            ways_gone.insert(behaviour->profile->link.get());
        }
        return goes;
    });
    for (const auto& behaviour : behaviours) {
        ways_gone.erase(behaviour->profile->link.get());
    }
    for (const profile::Link* way : ways_gone) {
        if (ways && way != nullptr) {
            ways->close(way);
        }
    }
}

void Engine::conclude_scope(std::string_view scope, Instant now) {
    impl_->advance(now);
    impl_->settle_unsettled(now);
    impl_->for_each_of_scope(scope, [&](Connection& connection) {
        const bool cut = connection.blackholed_in || connection.reading_stopped;
        impl_->tell_surprises(connection, !cut, now);
        impl_->tell_repeats(connection, true, now);
    });
}

void Engine::Impl::for_each_of_scope(std::string_view scope,
                                     const std::function<void(Connection&)>& visit) {
    for (std::size_t i = 0; !scope.empty() && i < peers.size(); ++i) {
        if (peers[i].scope == scope) {
            members.for_each(i, connections, visit);
        }
    }
}

ScopeCounts Engine::scope_counts(std::string_view scope) {
    ScopeCounts counts;
    impl_->for_each_of_scope(
        scope, [this](const Connection& connection) { impl_->update_record(connection); });
    std::vector<std::uint32_t> numbers;
    for (const auto& behaviour : impl_->behaviours) {
        if (behaviour->scope != scope) {
            continue;
        }
        numbers.insert(numbers.end(), behaviour->own_records.begin(), behaviour->own_records.end());
        event::Tally tally{behaviour->number, behaviour->connections, behaviour->traffic, {}};
        for (const RuleRecord& record : behaviour->records) {
            tally.rules.push_back(summarize(record));
        }
        counts.tallies.push_back(std::move(tally));
    }
    std::sort(numbers.begin(), numbers.end());
    for (const std::uint32_t number : numbers) {
        AttemptRecord& attempt = counts.attempts.emplace_back(impl_->records[number]);
        if (number < impl_->trails.size() && impl_->trails[number]) {
            attempt.trail = impl_->trails[number];
            attempt.trail->ending = attempt.ending;
        }
    }
    return counts;
}

std::vector<PeerView> Engine::peers_of(std::string_view scope) const {
    std::vector<PeerView> all;
    for (std::size_t i = 0; i < impl_->peers.size(); ++i) {
        if (!scope.empty() && impl_->peers[i].scope == scope) {
            all.push_back(*peer(i));
        }
    }
    return all;
}

void Engine::end_scope(std::string_view scope, Instant now) {
    if (scope.empty()) {
        return;
    }
    // What the name is read from may be a peer's own, and go with it.
    const std::string name(scope);
    for (const PeerView& peer : peers_of(name)) {
        remove_peer(peer.index, now);
    }
    for (event::Tally& tally : scope_counts(name).tallies) {
        impl_->post(nullptr, now, std::make_shared<const event::Tally>(std::move(tally)));
    }
    impl_->drop_behaviours([&](const Behaviour& behaviour) { return behaviour.scope == name; });
}

}  // namespace ghostpeer::peer
