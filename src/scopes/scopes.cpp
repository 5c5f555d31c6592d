#include "scopes/scopes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::scopes {
namespace {

[[nodiscard]] std::size_t size_of(const event::Event& event) {
    std::size_t bytes = sizeof event;
    if (const auto* segment = std::get_if<event::Segment>(&event.what)) {
        bytes += segment->segment.payload.size();
    } else if (const auto* notice = std::get_if<event::Notice>(&event.what)) {
        bytes += notice->text.size();
    } else if (const auto* log = std::get_if<event::Log>(&event.what)) {
        bytes += log->text.size();
    }
    return bytes;
}

constexpr std::size_t most_connections = 1'000'000;

/// What a run tells of itself, not of a connection.
[[nodiscard]] bool is_of_the_run(const event::Event& event) noexcept {
    return std::holds_alternative<event::Packet>(event.what) ||
           std::holds_alternative<event::Exit>(event.what) ||
           std::holds_alternative<event::Conclusion>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Run>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::AttemptRecord>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Tally>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Counters>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::End>>(event.what) ||
           std::holds_alternative<std::shared_ptr<const event::Verdict>>(event.what);
}

}  // namespace

std::optional<std::string> Scopes::begin(const std::string& name, Instant now) {
    if (name.empty() || name.size() > longest_name) {
        return fmt::format("A scope's name has 1 to {} bytes.", longest_name);
    }
    if (scopes_.size() >= most_scopes) {
        return fmt::format("There are {} scopes, and no more can be. End those that are over.",
                           scopes_.size());
    }
    const auto [scope, fresh] = scopes_.try_emplace(name);
    if (!fresh) {
        return fmt::format("There is a scope \"{}\" already. End it, or take another name.", name);
    }
    scope->second.number = ++begun_;
    scope->second.begun = now;
    return std::nullopt;
}

bool Scopes::takes(std::string_view name) const {
    const auto scope = scopes_.find(name);
    return scope != scopes_.end() && !scope->second.ends;
}

bool Scopes::begin_end(std::string_view name, std::uint64_t number) {
    const auto scope = scopes_.find(name);
    return scope != scopes_.end() && scope->second.number == number &&
           !std::exchange(scope->second.ends, true);
}

std::vector<Summary> Scopes::all() const {
    std::vector<Summary> all;
    for (const auto& [name, scope] : scopes_) {
        all.push_back({name, scope.begun, scope.connections, scope.asked});
    }
    return all;
}

std::vector<std::string> Scopes::unasked() const {
    std::vector<std::string> names;
    for (const auto& [name, scope] : scopes_) {
        if (!scope.asked) {
            names.push_back(name);
        }
    }
    return names;
}

Snapshot Scopes::look_at(std::string_view name, peer::Engine& engine, Instant now) {
    Scope& scope = scopes_.find(name)->second;
    scope.asked = true;
    Snapshot snapshot;
    snapshot.name = name;
    snapshot.number = scope.number;
    snapshot.at = now;
    snapshot.run = run_;
    snapshot.events = scope.events;
    snapshot.left_out = scope.left_out;
    snapshot.counts = engine.scope_counts(name);
    for (const peer::PeerView& peer : engine.peers_of(name)) {
        if (peer.attempts == 0 && scope.connections > 0) {
            const std::string where =
                peer.addresses.empty() ? "every address" : peer.addresses.front().to_string();
            snapshot.unmet_peers.emplace_back(
                peer.port && !peer.addresses.empty()
                    ? wire::Endpoint{peer.addresses.front(), *peer.port}.to_string()
                    : where,
                peer.profile->name);
        }
    }
    return snapshot;
}

void Scopes::end(std::string_view name) {
    const auto scope = scopes_.find(name);
    if (scope == scopes_.end()) {
        return;
    }
    bytes_ -= scope->second.bytes;
    for (const std::uint32_t number : scope->second.profile_numbers) {
        by_profile_.erase(number);
    }
    for (const event::ConnectionId id : scope->second.connection_ids) {
        by_connection_.erase(id);
    }
    for (const Place& flow : scope->second.flows) {
        // Another scope's peer may have been there after it.
        if (const auto at = by_flow_.find(flow); at != by_flow_.end() && at->second == name) {
            by_flow_.erase(at);
        }
    }
    scopes_.erase(scope);
}

void Scopes::record(const event::Event& event) {
    if (scopes_.empty() || is_of_the_run(event)) {
        return;
    }
    if (const auto* profile = std::get_if<std::shared_ptr<const event::Profile>>(&event.what)) {
        take(event, **profile);
    } else if (std::holds_alternative<event::Attempt>(event.what)) {
        attempt_ = event;
    } else if (const auto* start = std::get_if<event::Start>(&event.what)) {
        take(event, *start);
    } else if (const auto* socket = std::get_if<event::Socket>(&event.what)) {
        const auto found = by_flow_.find({socket->dst, socket->src});
        if (found != by_flow_.end()) {
            keep(*named(found->second), event);
        } else if (socket->state == event::destroyed) {
            // It may be the one that the kernel has given up.
            keep_in_all(event);
        }
    } else if (std::holds_alternative<event::Sockets>(event.what) ||
               std::holds_alternative<event::Command>(event.what)) {
        keep_in_all(event);
    } else if (const auto* link = std::get_if<event::Link>(&event.what)) {
        for (auto& [name, scope] : scopes_) {
            const auto& names = scope.profiles;
            if (std::find(names.begin(), names.end(), link->profile) != names.end()) {
                keep(scope, event);
            }
        }
    } else if (Scope* scope = of_connection(event.connection)) {
        keep(*scope, event);
    }
}

void Scopes::take(const event::Event& event, const event::Profile& profile) {
    Scope* scope = profile.scope.empty() ? nullptr : named(profile.scope);
    if (scope == nullptr) {
        return;
    }
    by_profile_[profile.number] = profile.scope;
    scope->profile_numbers.push_back(profile.number);
    if (std::find(scope->profiles.begin(), scope->profiles.end(), profile.name) ==
        scope->profiles.end()) {
        scope->profiles.push_back(profile.name);
    }
    // In its own record it is what the verdict is about.
    event::Profile own = profile;
    own.scope.clear();
    event::Event told = event;
    told.what = std::make_shared<const event::Profile>(std::move(own));
    keep(*scope, std::move(told));
}

void Scopes::take(const event::Event& event, const event::Start& start) {
    const auto attempt = std::exchange(attempt_, std::nullopt);
    const auto found = by_profile_.find(start.profile);
    if (found == by_profile_.end()) {
        return;
    }
    Scope& scope = *named(found->second);
    if (by_connection_.size() >= most_connections) {
        ++scope.left_out;
        return;
    }
    ++scope.connections;
    by_connection_[event.connection] = found->second;
    by_flow_[{start.flow.local, start.flow.remote}] = found->second;
    scope.connection_ids.push_back(event.connection);
    scope.flows.emplace_back(start.flow.local, start.flow.remote);
    if (attempt && attempt->connection == event.connection) {
        keep(scope, *attempt);
    }
    keep(scope, event);
}

void Scopes::keep(Scope& scope, event::Event event) {
    keep(scope, std::make_shared<const event::Event>(std::move(event)));
}

void Scopes::keep(Scope& scope, std::shared_ptr<const event::Event> event) {
    const std::size_t bytes = size_of(*event);
    if (scope.events.size() >= most_events || bytes_ + bytes > most_bytes) {
        ++scope.left_out;
        return;
    }
    scope.bytes += bytes;
    bytes_ += bytes;
    scope.events.push_back(std::move(event));
}

void Scopes::keep_in_all(const event::Event& event) {
    const auto shared = std::make_shared<const event::Event>(event);
    for (auto& [name, scope] : scopes_) {
        keep(scope, shared);
    }
}

Scopes::Scope* Scopes::of_connection(event::ConnectionId connection) {
    const auto found = connection == 0 ? by_connection_.end() : by_connection_.find(connection);
    return found == by_connection_.end() ? nullptr : named(found->second);
}

Scopes::Scope* Scopes::named(const std::string& name) {
    const auto found = scopes_.find(name);
    return found == scopes_.end() ? nullptr : &found->second;
}

}  // namespace ghostpeer::scopes
