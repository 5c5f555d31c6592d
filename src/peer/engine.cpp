#include "ghostpeer/peer/engine.hpp"

#include "peer/engine_impl.hpp"

#include <algorithm>
#include <iterator>

namespace ghostpeer::peer {

Engine::Impl::Impl(Settings chosen, std::vector<PeerSpec> specs)
    : settings(chosen),
      peers(std::move(specs)),
      memory(settings.max_memory),
      rule_random(chosen.seed ^ 0x9e3779b97f4a7c15U),
      port_random(chosen.seed ^ 0xc2b2ae3d27d4eb4fU),
      connections(chosen.seed, chosen.max_connections,
                  chosen.memory != nullptr ? chosen.memory : std::pmr::new_delete_resource()),
      cookies(chosen.seed) {
    ids = settings.ids != nullptr ? settings.ids : &own_ids;
    attempts_of_peer.resize(peers.size());
    control_rule.id = no_rule_id;
    control_rule.place.file = std::make_shared<const std::string>(control_file);
    control_rule.actions.emplace_back(profile::Blackhole{});
    if (settings.rtt > Duration::zero() || settings.link != profile::Link{}) {
        open_ways();
    }
    for (const PeerSpec& peer : peers) {
        places.add_first(behaviour_of_peer.size(), {peer.addresses, peer.port});
        behaviour_of_peer.push_back(bring(peer.profile, false, run_start));
    }
}

Behaviour* Engine::Impl::bring(const std::shared_ptr<const profile::Profile>& profile, bool later,
                               Instant now, const std::string& scope) {
    const std::size_t known = behaviours.size();
    Behaviour* behaviour = add_behaviour(profile, {}, now, scope);
    behaviour->look_at(profile->expect);
    if (behaviour->attempts.empty()) {
        for (std::uint32_t i = 0; i < profile->attempts.size(); ++i) {
            const profile::AttemptBehaviour& attempt = profile->attempts[i];
            Behaviour* part = add_behaviour(attempt.profile,
                                            event::Profile::Part{behaviour->number, i}, now, scope);
            part->look_at(profile->expect);
            behaviour->attempts.emplace_back(attempt.attempts, part);
        }
    }
    for (std::size_t i = known; i < behaviours.size(); ++i) {
        behaviours[i]->brought_later = later;
    }
    return behaviour;
}

Behaviour* Engine::Impl::add_behaviour(const std::shared_ptr<const profile::Profile>& profile,
                                       std::optional<event::Profile::Part> part, Instant now,
                                       const std::string& scope) {
    const auto same = std::find_if(behaviours.begin(), behaviours.end(), [&](const auto& known) {
        return known->profile == profile && known->scope == scope;
    });
    if (same != behaviours.end()) {
        return same->get();
    }
    has_keys = has_keys || !profile->tcp.md5_key.empty();
    behaviours.push_back(std::make_unique<Behaviour>(profile, settings.max_buffered, memory));
    Behaviour& behaviour = *behaviours.back();
    behaviour.number = ++last_behaviour;
    behaviour.scope = scope;
    event::Profile told{behaviour.number, profile->name, {}, profile->given, part, scope, profile};
    if (!part) {
        told.files = profile->files;
    }
    post(nullptr, now, std::make_shared<const event::Profile>(std::move(told)));
    if (profile->link) {
        open_ways();
        ways->open(profile->link, profile->name, now);
    }
    return &behaviour;
}

Engine::Engine(Settings settings, std::vector<PeerSpec> peers)
    : impl_(std::make_unique<Impl>(settings, std::move(peers))) {}
Engine::~Engine() = default;

event::EventId Engine::on_packet(std::span<const std::uint8_t> packet, Instant now, bool more) {
    impl_->advance(now);
    impl_->cause = 0;
    impl_->more_follow = more;
    impl_->connections.fetch_expected();
    if (impl_->ways) {
        if (const auto told = impl_->ways->up(impl_->way_from(packet), packet, now)) {
            impl_->more_follow = false;
            impl_->settle_unsettled(now);
            return *told;
        }
    }
    impl_->packet_arrived(packet, now);
    impl_->more_follow = false;
    if (!more) {
        impl_->settle_unsettled(now);
    }
    return std::exchange(impl_->cause, 0);
}

void Engine::expect(std::span<const std::uint8_t> packet) noexcept {
    if (const auto flow = wire::peek_flow(packet)) {
        impl_->connections.expect(*flow);
    }
}

void Engine::on_time(Instant now) { impl_->advance(now); }

std::optional<Instant> Engine::next_deadline() const {
    Instant next = std::min(impl_->agenda.next().value_or(never), impl_->campaigns.next());
    next = std::min(next, next_departure().value_or(never));
    if (impl_->finish_at && !impl_->finished) {
        next = std::min(next, *impl_->finish_at);
    }
    next = std::min(next, impl_->reassembly.next_expiry().value_or(never));
    return next == never ? std::nullopt : std::optional(next);
}

void Engine::dial(const Dial& what, Instant now) {
    impl_->advance(now);
    impl_->dial(what, now);
}

std::uint64_t Engine::to_be_dialled() const noexcept { return impl_->campaigns.left(); }

std::optional<Instant> Engine::next_departure() const noexcept {
    return impl_->ways ? impl_->ways->next() : std::nullopt;
}

std::size_t Engine::fire(std::string_view command, Instant now) {
    impl_->advance(now);
    std::vector<Handle> waiting;
    std::set<const Behaviour*> open;
    std::set<const profile::Rule*> heard;
    if (impl_->settings.segment_events) {
        impl_->post(nullptr, now, event::Command{std::string(command)});
    }
    impl_->connections.for_each([&](Connection& connection) {
        if (!connection.open()) {
            return;
        }
        open.insert(connection.behaviour);
        const RuleList& rules = connection.rules().on_command;
        if (std::any_of(rules.begin(), rules.end(), [&](const profile::Rule* rule) {
                return waits_for_command(*rule, command);
            })) {
            waiting.push_back({connection.slot, connection.id});
        }
    });
    std::sort(waiting.begin(), waiting.end(),
              [](const Handle& a, const Handle& b) { return a.id < b.id; });
    for (const Handle handle : waiting) {
        Connection* connection = impl_->connections.find(handle);
        if (connection == nullptr) {
            continue;
        }
        for (const profile::Rule* rule : connection->rules().on_command) {
            if (waits_for_command(*rule, command)) {
                heard.insert(rule);
                impl_->try_rule(*rule, Occasion{*connection}, now);
            }
        }
        impl_->settle(*connection, now);
    }
    for (const auto& behaviour : impl_->behaviours) {
        for (const profile::Rule& rule : behaviour->profile->rules) {
            auto& unheard = behaviour->record(rule).statistics.unheard;
            if (!unheard && waits_for_command(rule, command) && !heard.contains(&rule)) {
                unheard = Unheard{now, open.contains(behaviour.get())};
            }
        }
    }
    const std::size_t opened = impl_->campaigns.fire(command, impl_->behaviour_of_peer, now);
    impl_->dial_due(now);
    return waiting.size() + opened;
}

void Engine::take_packets(std::vector<Emission>& into) {
    if (into.empty()) {
        into.swap(impl_->packets);
        return;
    }
    std::move(impl_->packets.begin(), impl_->packets.end(), std::back_inserter(into));
    impl_->packets.clear();
}

void make_undelivered(event::Event& event) {
    if (auto* segment = std::get_if<event::Segment>(&event.what)) {
        segment->fate = event::Fate::undelivered;
    } else if (auto* icmp = std::get_if<event::Icmp>(&event.what)) {
        icmp->fate = event::Fate::undelivered;
    }
}

void Engine::undelivered(const Emission& emission, Instant now) {
    ++impl_->counters.undelivered;
    auto& events = impl_->events;
    const auto left = std::find_if(events.rbegin(), events.rend(), [&](const event::Event& event) {
        return event.id == emission.segment;
    });
    if (emission.segment != 0 && left != events.rend()) {
        event::Event refused = *left;
        refused.at = now;
        refused.of = std::exchange(refused.id, impl_->ids->next());
        make_undelivered(refused);
        events.push_back(std::move(refused));
    }
}

void Engine::take_events(std::vector<event::Event>& into) {
    if (into.empty()) {
        into.swap(impl_->events);
        return;
    }
    std::move(impl_->events.begin(), impl_->events.end(), std::back_inserter(into));
    impl_->events.clear();
}

bool Engine::has_requests() const noexcept {
    return !impl_->relays_with_news.empty() || !impl_->requests.empty() ||
           !impl_->datagrams.empty() || !impl_->program_interface.wanted.empty();
}

void Engine::take_interface_states(std::vector<profile::InterfaceState>& into) {
    auto& wanted = impl_->program_interface.wanted;
    into.insert(into.end(), wanted.begin(), wanted.end());
    wanted.clear();
}

void Engine::take_datagrams(std::vector<wire::Datagram>& into) {
    std::move(impl_->datagrams.begin(), impl_->datagrams.end(), std::back_inserter(into));
    impl_->datagrams.clear();
}

void Engine::send_datagram(const wire::Datagram& datagram, Instant now) {
    impl_->advance(now);
    wire::Bytes packet = impl_->settings.packets->encode(datagram);
    if (!packet.empty() && packet.size() <= impl_->settings.mtu) {
        ++impl_->counters.packets_out;
        impl_->depart(nullptr, std::move(packet), std::nullopt, now);
    }
}

bool Engine::finished() const noexcept { return impl_->finished; }

const Counters& Engine::counters() const noexcept { return impl_->counters; }

std::vector<AttemptRecord> Engine::attempts() const { return impl_->update_records(); }

std::uint64_t Engine::unrecorded_attempts() const noexcept {
    return impl_->counters.unrecorded_attempts;
}

std::vector<ProfileStatistics> Engine::profiles() const {
    std::vector<ProfileStatistics> all;
    for (const auto& behaviour : impl_->behaviours) {
        ProfileStatistics one;
        one.profile = behaviour->profile;
        one.number = behaviour->number;
        one.connections = behaviour->connections;
        one.traffic = behaviour->traffic;
        for (const RuleRecord& record : behaviour->records) {
            one.rules.push_back(summarize(record));
        }
        all.push_back(std::move(one));
    }
    return all;
}

std::size_t Engine::live_connections() const noexcept { return impl_->live; }
std::size_t Engine::remembered_connections() const noexcept { return impl_->connections.size(); }
std::size_t Engine::memory_held() const noexcept { return impl_->memory.held(); }

}  // namespace ghostpeer::peer
