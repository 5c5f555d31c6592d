// Actions on connections, and commands.
#include "control/context.hpp"
#include "ghostpeer/profile/action_text.hpp"
#include "http/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::control {
namespace {

constexpr std::size_t connections_in_a_slice = 16;

struct Wanted {
    std::string text;  ///< of the actions
    bool also_new = true;
};

[[nodiscard]] tl::expected<Wanted, http::Response> read_wanted(const http::Request& request) {
    const auto body = read_object(request);
    if (!body) {
        return tl::make_unexpected(body.error());
    }
    Wanted wanted;
    for (const auto& [key, value] : body->items()) {
        if (key == "do") {
            // A text is YAML, as behind `do:` in a profile; all else is JSON, which is YAML, too.
            wanted.text = value.is_string() ? value.get<std::string>() : dump(value);
        } else if (key == "new" && value.is_boolean()) {
            wanted.also_new = value.get<bool>();
        } else {
            return tl::make_unexpected(
                fail(http::status::bad_request,
                     fmt::format("The body has the keys `do` and `new` (true or false), but "
                                 "not this: \"{}\".",
                                 key.substr(0, 100))));
        }
    }
    if (wanted.text.empty()) {
        return tl::make_unexpected(
            fail(http::status::bad_request, R"(The body names no action: {"do": "blackhole"}.)"));
    }
    return wanted;
}

void add_phases(const profile::Profile& profile, std::vector<std::string>& phases) {
    for (std::size_t i = 1; i < profile.phases.size(); ++i) {
        if (std::find(phases.begin(), phases.end(), profile.phases[i]) == phases.end()) {
            phases.push_back(profile.phases[i]);
        }
    }
    for (const auto& attempt : profile.attempts) {
        add_phases(*attempt.profile, phases);
    }
}

/// The phases that `become` may name there.
[[nodiscard]] std::vector<std::string> phases_of(const peer::Engine& engine,
                                                 const peer::Selector& on) {
    std::vector<std::string> phases;
    if (on.what == peer::Selector::What::connection) {
        if (const auto connection = engine.connection(on.connection)) {
            add_phases(*connection->profile, phases);
        }
        return phases;
    }
    for (const auto& peer : engine.peers()) {
        if (on.what == peer::Selector::What::all || on.peer == peer.index) {
            add_phases(*peer.profile, phases);
        }
    }
    return phases;
}

[[nodiscard]] std::string sentence_of(const std::vector<profile::Diagnostic>& found) {
    std::string text;
    for (const auto& one : found) {
        std::string message = one.message;
        if (!message.empty() && message[0] >= 'a' && message[0] <= 'z') {
            message[0] = static_cast<char>(message[0] - 'a' + 'A');
        }
        text += (text.empty() ? "" : " ") + message + (message.ends_with('?') ? "" : ".");
    }
    return text;
}

/// What a request acts on.
struct Goal {
    peer::Selector on;
    std::optional<NamedPeer> peer{};  ///< of `Selector::What::peer`
};

[[nodiscard]] Goal goal_of(const NamedPeer& peer) {
    return {{peer::Selector::What::peer, peer.index, 0}, peer};
}

/// The answer to an order for one connection that did nothing; nothing where it may.
[[nodiscard]] std::optional<http::Response> refuse_undone(const peer::Engine& engine,
                                                          const peer::Order& order) {
    const auto id = order.on.connection;
    if (order.on.what != peer::Selector::What::connection || order.acted > 0) {
        return std::nullopt;
    }
    const auto connection = engine.connection(id);
    if (!connection) {
        return fail(http::status::not_found, fmt::format("There is no connection {}.", id));
    }
    return fail(http::status::conflict,
                fmt::format("Nothing of this could be done to connection {}, which is {}.", id,
                            tcp::name(connection->state)));
}

/// One order after the other. `one_peer`: it was asked of a peer itself, not of a scope.
[[nodiscard]] http::Response perform(Context& context, const Call& call,
                                     const std::vector<Goal>& on, bool one_peer = false) {
    const auto wanted = read_wanted(call.request);
    if (!wanted) {
        return wanted.error();
    }
    std::vector<std::string> phases;
    if (wanted->text.find("become") != std::string::npos) {
        auto response = context.ask_once([&](peer::Engine& engine, Instant) {
            for (const Goal& each : on) {
                for (std::string& phase : phases_of(engine, each.on)) {
                    phases.push_back(std::move(phase));
                }
            }
            return http::Response{};
        });
        if (response.status != http::Response{}.status) {
            return response;
        }
    }
    auto actions = profile::parse_actions(wanted->text, phases);
    if (!actions) {
        return answer({{"error", sentence_of(actions.error())},
                       {"diagnostics", profile::to_string(actions.error())}},
                      http::status::unprocessable);
    }
    std::vector<peer::Order> orders;
    orders.reserve(on.size());
    for (const Goal& each : on) {
        orders.emplace_back(*actions, each.on, wanted->also_new);
    }
    std::size_t next = 0;
    std::uint64_t acted = 0;
    return context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        if (next < orders.size()) {
            peer::Order& order = orders[next];
            const bool gone = on[next].peer && !context.names.has(*on[next].peer);
            if (gone && one_peer) {
                response = fail(http::status::not_found, "The peer has gone.");
                return Turn{};
            }
            if (gone || engine.act(order, connections_in_a_slice, now)) {
                if (auto refusal = refuse_undone(engine, order)) {
                    response = *refusal;
                    return Turn{};
                }
                acted += order.acted;
                ++next;
            }
            if (next < orders.size()) {
                return Turn{Turn::Next::again, {}};
            }
        }
        response = answer({{"t", to_seconds(now)}, {"connections", acted}});
        return Turn{};
    });
}

}  // namespace

http::Response post_actions(Context& context, const Call& call) {
    return perform(context, call, {Goal{}});
}

http::Response post_peer_actions(Context& context, const Call& call) {
    const auto peer = context.names.find(call.names[0]);
    return peer ? perform(context, call, {goal_of(*peer)}, true)
                : fail(http::status::not_found, context.names.unknown(call.names[0]));
}

http::Response post_connection_actions(Context& context, const Call& call) {
    const auto id = parse_number(call.names[0]);
    return id ? perform(context, call, {Goal{{peer::Selector::What::connection, 0, *id}}})
              : fail(http::status::not_found,
                     fmt::format("\"{}\" is no connection's number.", call.names[0]));
}

http::Response post_scope_actions(Context& context, const Call& call) {
    std::vector<Goal> on;
    bool there = false;
    if (auto refusal = context.look([&](peer::Engine& engine, Instant) {
            there = context.scopes.has(call.names[0]);
            for (const auto& view : engine.peers_of(call.names[0])) {
                if (const auto peer = context.names.at(view.index); there && peer) {
                    on.push_back(goal_of(*peer));
                }
            }
        })) {
        return *refusal;
    }
    return there ? perform(context, call, on) : no_scope(call.names[0]);
}

http::Response post_command(Context& context, const Call& call) {
    return context.ask_once([&](peer::Engine& engine, Instant now) {
        if (!engine.knows_command(call.names[0])) {
            return fail(http::status::not_found,
                        fmt::format("No profile in use has a rule `on: command {}`.",
                                    call.names[0].substr(0, 100)));
        }
        return answer({{"t", to_seconds(now)}, {"connections", engine.fire(call.names[0], now)}});
    });
}

}  // namespace ghostpeer::control
