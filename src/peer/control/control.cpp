// The control interface's entrances: what stands, and what is done beside the rules.
#include "peer/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {
namespace {

// Slots without a connection cost a look each; so many of them in one slice.
constexpr std::uint32_t most_looks = 4'096;
constexpr std::size_t most_unmet_uses = 1'000;

/// Does the action make sense for a connection that the peer has not taken up, or new ones?
[[nodiscard]] bool marks(const profile::Action& action) noexcept {
    return std::holds_alternative<profile::Blackhole>(action) ||
           std::holds_alternative<profile::Revive>(action) ||
           std::holds_alternative<profile::Become>(action);
}

[[nodiscard]] bool makes_fault(const std::vector<profile::Action>& actions) noexcept {
    return !std::all_of(actions.begin(), actions.end(), [](const auto& action) {
        return std::holds_alternative<profile::Log>(action) ||
               std::holds_alternative<profile::Finish>(action);
    });
}

[[nodiscard]] profile::Direction both(profile::Direction a, profile::Direction b) noexcept {
    return a == b ? a : profile::Direction::both;
}

}  // namespace

Order::Order(std::vector<profile::Action> actions, Selector selector, bool also_new)
    : on(selector), future(also_new && selector.what != Selector::What::connection) {
    rule.id = no_rule_id;
    rule.place.file = std::make_shared<const std::string>(control_file);
    rule.actions = std::move(actions);
}

void Engine::Impl::count_state(tcp::State from, tcp::State to) noexcept {
    const auto counts = [](tcp::State state) {
        return state != tcp::State::closed && state != tcp::State::listen;
    };
    if (counts(from)) {
        --states[static_cast<std::size_t>(from)];
    }
    if (counts(to)) {
        ++states[static_cast<std::size_t>(to)];
    }
}

ConnectionView Engine::Impl::view(const Connection& connection) const {
    ConnectionView view;
    view.id = connection.id;
    view.peer = connection.peer;
    view.flow = connection.flow;
    view.attempt = connection.attempt;
    view.dialled = connection.dialled;
    view.profile = connection.behaviour->profile;
    view.phase = view.profile->phases[connection.phase];
    view.state = connection.tcb.state();
    view.ending = connection.ending;
    view.start = connection.start;
    view.last_activity = connection.last_activity;
    view.received = connection.tcb.bytes_received();
    view.sent = connection.tcb.bytes_acknowledged();
    view.segments_in = connection.segments_in;
    view.segments_out = connection.segments_out;
    view.blackholed_in = connection.blackholed_in;
    view.blackholed_out = connection.blackholed_out;
    view.reading_stopped = connection.reading_stopped;
    view.acking_stopped = connection.acking_stopped;
    const auto& snd = connection.tcb.snd();
    const auto& rcv = connection.tcb.rcv();
    // Numbers of a connection that nobody has taken up mean nothing.
    if (connection.live() || connection.established) {
        view.snd_una = wire::relative_number(snd.una, snd.iss);
        view.snd_nxt = wire::relative_number(snd.nxt, snd.iss);
        view.snd_wnd = snd.wnd;
    }
    if (connection.tcb.synchronized() || connection.established) {
        view.rcv_nxt = wire::relative_number(rcv.nxt, rcv.irs);
        view.rcv_wnd = rcv.wnd;
    }
    return view;
}

std::vector<PeerView> Engine::peers() const {
    std::vector<PeerView> all;
    for (std::size_t i = 0; i < impl_->peers.size(); ++i) {
        if (auto view = peer(i)) {
            all.push_back(std::move(*view));
        }
    }
    return all;
}

std::optional<PeerView> Engine::peer(std::size_t index) const {
    if (index >= impl_->peers.size() || impl_->behaviour_of_peer[index] == nullptr) {
        return std::nullopt;
    }
    const PeerSpec& spec = impl_->peers[index];
    return PeerView{
        index,
        spec.addresses,
        spec.port,
        impl_->behaviour_of_peer[index]->profile,
        impl_->attempts_of_peer[index],
        index < impl_->future_blackhole.size() ? impl_->future_blackhole[index] : std::nullopt,
        spec.scope};
}

ConnectionPage Engine::connections(std::uint32_t from, std::size_t most,
                                   std::optional<std::size_t> peer) const {
    ConnectionPage page;
    const std::uint32_t slots = impl_->connections.slots();
    std::uint32_t slot = from;
    for (std::uint32_t looks = 0;
         slot < slots && page.connections.size() < most && looks < most_looks; ++slot, ++looks) {
        const Connection* connection = impl_->connections.in_slot(slot);
        if (connection != nullptr && (!peer || connection->peer == *peer)) {
            page.connections.push_back(impl_->view(*connection));
        }
    }
    std::sort(page.connections.begin(), page.connections.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    if (slot < slots) {
        page.next = slot;
    }
    return page;
}

std::optional<ConnectionView> Engine::connection(event::ConnectionId id) const {
    const Connection* found = impl_->connections.find_by_id(id);
    return found != nullptr ? std::optional(impl_->view(*found)) : std::nullopt;
}

event::ConnectionId Engine::last_connection() const noexcept { return impl_->last_id; }

const StateCounts& Engine::states() const noexcept { return impl_->states; }

std::uint64_t Engine::attempt_count() const noexcept {
    return impl_->records.size() + impl_->counters.unrecorded_attempts;
}

std::uint64_t Engine::attempts_of(std::size_t peer) const noexcept {
    return peer < impl_->attempts_of_peer.size() ? impl_->attempts_of_peer[peer] : 0;
}

std::optional<std::uint64_t> Engine::fired(std::string_view file, int line) const {
    std::optional<std::uint64_t> times;
    for (const auto& behaviour : impl_->behaviours) {
        for (const profile::Rule& rule : behaviour->profile->rules) {
            if (rule.place.line == line && *rule.place.file == file) {
                times = times.value_or(0) + behaviour->records[rule.id].statistics.fired;
            }
        }
    }
    return times;
}

bool Engine::knows_command(std::string_view command) const {
    const auto waits = [&](const profile::Event& event) {
        const auto* on = std::get_if<profile::OnCommand>(&event);
        return on != nullptr && on->name == command;
    };
    return dialling::Campaigns::waits_for(command, impl_->behaviour_of_peer) ||
           std::any_of(
               impl_->behaviours.begin(), impl_->behaviours.end(), [&](const auto& behaviour) {
                   const auto& rules = behaviour->profile->rules;
                   const auto& expect = behaviour->profile->expect;
                   return std::any_of(rules.begin(), rules.end(),
                                      [&](const auto& rule) {
                                          return std::any_of(rule.on.begin(), rule.on.end(), waits);
                                      }) ||
                          std::any_of(expect.begin(), expect.end(), [&](const auto& one) {
                              return (one.within && waits(one.within->of)) ||
                                     std::any_of(one.events.begin(), one.events.end(), waits);
                          });
               });
}

bool Engine::act(Order& order, std::size_t most, Instant now) {
    impl_->advance(now);
    if (!order.begun) {
        order.begun = true;
        impl_->order_future(order);
        impl_->order_ways(order, now);
    }
    if (order.on.what == Selector::What::connection) {
        if (Connection* connection = impl_->connections.find_by_id(order.on.connection)) {
            impl_->act_on(*connection, order, now);
        }
        return true;
    }
    const std::uint32_t slots = impl_->connections.slots();
    const std::uint64_t enough = order.acted + most;
    for (std::uint32_t looks = 0;
         order.next_slot < slots && order.acted < enough && looks < most_looks; ++looks) {
        Connection* connection = impl_->connections.in_slot(order.next_slot++);
        if (connection != nullptr &&
            (order.on.what == Selector::What::all || connection->peer == order.on.peer)) {
            impl_->act_on(*connection, order, now);
        }
    }
    return order.next_slot >= slots;
}

void Engine::Impl::act_on(Connection& connection, Order& order, Instant now) {
    const auto& actions = order.rule.actions;
    const bool open = connection.live() || connection.ending == Ending::unanswered;
    if (order.on.what != Selector::What::connection &&
        (!open || (!connection.live() && !std::all_of(actions.begin(), actions.end(), marks)))) {
        return;
    }
    for (profile::Action& action : order.rule.actions) {
        if (auto* become = std::get_if<profile::Become>(&action)) {
            // Each profile has phases of its own.
            const auto& phases = connection.behaviour->profile->phases;
            const auto found = std::find(phases.begin(), phases.end(), become->phase);
            if (found == phases.end()) {
                return;
            }
            become->index = static_cast<std::size_t>(found - phases.begin());
        }
    }
    Occasion occasion{connection};
    occasion.alone = true;
    occasion.ended = !reachable(connection);
    if (carry_out(order.rule, occasion, now) != Progress::undone) {
        ++order.acted;
        ordered_faults += makes_fault(actions) ? 1 : 0;
    }
    if (connection.extras) {
        // The order goes; what it began stays.
        for (const profile::Rule** rule :
             {&connection.extras->hole_in_rule, &connection.extras->hole_out_rule}) {
            *rule = *rule == &order.rule ? &control_rule : *rule;
        }
    }
    settle(connection, now);
}

void Engine::Impl::order_ways(const Order& order, Instant now) {
    for (const profile::Action& action : order.rule.actions) {
        const auto* change = std::get_if<profile::ChangeLink>(&action);
        if (change == nullptr || order.on.what == Selector::What::connection) {
            continue;
        }
        for (std::size_t i = 0; i < peers.size(); ++i) {
            if (behaviour_of_peer[i] != nullptr &&
                (order.on.what == Selector::What::all || order.on.peer == i)) {
                change_way(*behaviour_of_peer[i]->profile, change->to, order.rule, now);
                ++ordered_faults;
            }
        }
    }
}

void Engine::Impl::order_future(const Order& order) {
    if (!order.future || (order.on.what == Selector::What::peer && order.on.peer >= peers.size())) {
        return;
    }
    for (const profile::Action& action : order.rule.actions) {
        const auto* hole = std::get_if<profile::Blackhole>(&action);
        if (hole == nullptr && !std::holds_alternative<profile::Revive>(action)) {
            continue;
        }
        future_blackhole.resize(peers.size());
        for (std::size_t i = 0; i < peers.size(); ++i) {
            if (order.on.what == Selector::What::peer && order.on.peer != i) {
                continue;
            }
            auto& future = future_blackhole[i];
            if (hole == nullptr) {
                future.reset();
            } else {
                future = both(future.value_or(hole->direction), hole->direction);
            }
        }
    }
}

void Engine::Impl::begin_blackholed(Connection& connection, std::size_t peer) {
    const auto direction = peer < future_blackhole.size() ? future_blackhole[peer] : std::nullopt;
    if (direction) {
        ++ordered_faults;
        set_blackhole(connection, control_rule, *direction);
    }
}

std::optional<std::string> Engine::use(std::size_t peer,
                                       const std::shared_ptr<const profile::Profile>& profile,
                                       Instant now) {
    if (peer >= impl_->peers.size() || impl_->behaviour_of_peer[peer] == nullptr) {
        return "There is no such peer.";
    }
    for (const auto* one : {impl_->behaviour_of_peer[peer]->profile.get(), profile.get()}) {
        if (one->role == profile::Role::client) {
            return fmt::format(
                "The profile {} is that of a client (`role: client`), whose connections are "
                "planned when the run begins: it can neither be given to a peer later nor taken "
                "from one.",
                one->name);
        }
    }
    if (auto refusal = impl_->refuse_profile(*profile)) {
        return refusal;
    }
    impl_->behaviour_of_peer[peer] = impl_->bring(profile, true, now, impl_->peers[peer].scope);
    impl_->drop_unused_behaviours();
    impl_->count_attempts_anew(peer);
    return std::nullopt;
}

void Engine::Impl::drop_unused_behaviours() {
    const std::set<const Behaviour*> in_use(behaviour_of_peer.begin(), behaviour_of_peer.end());
    const auto needed = [&](const Behaviour& behaviour) {
        return !behaviour.brought_later || behaviour.was_used || !behaviour.scope.empty() ||
               in_use.contains(&behaviour);
    };
    // A behaviour and those of its attempts go together.
    std::set<const Behaviour*> kept;
    for (const auto& behaviour : behaviours) {
        const auto& attempts = behaviour->attempts;
        if (needed(*behaviour) ||
            std::any_of(attempts.begin(), attempts.end(),
                        [&](const auto& attempt) { return needed(*attempt.second); })) {
            kept.insert(behaviour.get());
            for (const auto& attempt : attempts) {
                kept.insert(attempt.second);
            }
        }
    }
    drop_behaviours([&](const Behaviour& behaviour) {
        const bool goes = !kept.contains(&behaviour);
        if (goes && behaviour.scope.empty() && unmet_uses.size() < most_unmet_uses) {
            unmet_uses.insert(behaviour.profile->name);
        }
        return goes;
    });
}

std::vector<std::string> Engine::unmet_uses() const {
    auto names = impl_->unmet_uses;
    const auto met = [](const Behaviour& behaviour) {
        const auto& attempts = behaviour.attempts;
        return behaviour.was_used ||
               std::any_of(attempts.begin(), attempts.end(),
                           [](const auto& attempt) { return attempt.second->was_used; });
    };
    for (const Behaviour* behaviour : impl_->behaviour_of_peer) {
        if (behaviour != nullptr && behaviour->scope.empty() && behaviour->brought_later &&
            !met(*behaviour)) {
            names.insert(behaviour->profile->name);
        }
    }
    // To give a peer back what it had, or what connections have met, asks for no further one.
    for (const auto& behaviour : impl_->behaviours) {
        if (!behaviour->brought_later || met(*behaviour)) {
            names.erase(behaviour->profile->name);
        }
    }
    return {names.begin(), names.end()};
}

std::vector<std::string> Engine::silent_addresses() const {
    const auto given = impl_->notices_given.find("silent-address");
    return given == impl_->notices_given.end()
               ? std::vector<std::string>()
               : std::vector<std::string>(given->second.begin(), given->second.end());
}

std::uint64_t Engine::ordered_faults() const noexcept { return impl_->ordered_faults; }

void Engine::tell_segments() noexcept { impl_->settings.segment_events = true; }

}  // namespace ghostpeer::peer
