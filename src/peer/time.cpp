// What is due: delayed segments, deferred actions, TCP timers, paced services, idle rules.
#include "peer/engine_impl.hpp"

#include <algorithm>

namespace ghostpeer::peer {
namespace {

// Dead connections that are kept so that what still arrives for them can be told and judged.
constexpr std::size_t max_dead = 1024;

}  // namespace

void Engine::Impl::advance(Instant now) {
    if (ways) {
        ways->land(now);
    }
    give_up_fragments(now);
    if (!campaigns.empty()) {
        dial_due(now);
    }
    while (auto due = agenda.pop_due(now)) {
        Connection* connection = connections.find(due->connection);
        if (connection == nullptr) {
            continue;
        }
        if (auto* held = std::get_if<std::unique_ptr<HeldSegment>>(&due->task)) {
            release(*connection, std::move(**held), now);
        } else if (auto* deferred = std::get_if<std::unique_ptr<DeferredActions>>(&due->task)) {
            carry_out_deferred(*connection, **deferred, now);
        } else if (auto* late = std::get_if<std::unique_ptr<LatePacket>>(&due->task)) {
            release(*connection, std::move(**late), now);
        } else if (connection->wake == due->at) {
            connection->wake = never;
            if (connection->wanted <= now) {
                wake(*connection, now);
            } else if (connection->wanted != never) {
                // It was put off meanwhile.
                connection->wake = connection->wanted;
                agenda.add(connection->wanted, due->connection, Wake{});
            }
        }
    }
    while (dead.size() > std::min(max_dead, settings.max_connections)) {
        Connection* oldest = connections.find(dead.front());
        dead.pop_front();
        if (oldest != nullptr && !oldest->live()) {
            erase(*oldest);
        }
    }
    if (waiting.size() > 2 * connections.size() + 1024) {
        std::erase_if(waiting, [this](Handle handle) {
            const Connection* connection = connections.find(handle);
            return connection == nullptr || connection->live();
        });
    }
    purge_agenda();
    if (finish_at && *finish_at <= now) {
        finished = true;
    }
}

void Engine::Impl::purge_agenda() {
    // Only when there are twice as many as the last time: one walk for as many new appointments.
    if (agenda.size() > std::max(4 * connections.size() + 4096, purge_above)) {
        agenda.purge([this](const Appointment& appointment) {
            const Connection* connection = connections.find(appointment.connection);
            return connection == nullptr || (std::holds_alternative<Wake>(appointment.task) &&
                                             connection->wake != appointment.at);
        });
        purge_above = 2 * agenda.size();
    }
}

void Engine::Impl::wake(Connection& connection, Instant now) {
    if (!connection.live()) {
        return;
    }
    if (connection.extras) {
        connection.extras->service.retry = never;
    }
    try_idle(connection, now);
    connection.tcb.on_timer(now, out);
    settle(connection, now);
}

void Engine::Impl::release(Connection& connection, HeldSegment&& held, Instant now) {
    Extras& extra = connection.extra();
    extra.note_kept(held.segment.payload.size());
    if (held.direction == event::Direction::out) {
        Departure how{held.reason, event::Fate::sent, held.rule, held.retransmission};
        how.of = held.told;
        if (held.forged) {
            how.fate = held.forged->fate();
            how.forgery = std::make_shared<const event::Forgery>(std::move(held.forged->forgery));
            held.segment = std::move(held.forged->segment);
        }
        leave(connection, std::move(held.segment), how, now);
        settle(connection, now);
        return;
    }
    std::optional<Untold> untold =
        arrival(connection, held.segment, held.kind, held.retransmission, now);
    if (untold) {
        untold->event.of = held.told;
    }
    if (connection.blackholed_in) {
        const profile::Rule* hole = extra.hole_in_rule;
        if (hole != nullptr) {
            ++connection.behaviour->record(*hole).statistics.withheld;
        }
        report_arrival(connection, std::move(untold), event::Fate::dropped, hole);
        return;
    }
    arrive(connection, std::move(held.segment), held.kind, std::move(untold), event::Fate::accepted,
           held.rule, held.forged.get(), now);
    settle(connection, now);
}

}  // namespace ghostpeer::peer
