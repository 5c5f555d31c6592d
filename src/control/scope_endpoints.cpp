// Scopes: peers that came together, their record and their verdict.
#include "control/context.hpp"
#include "http/status.hpp"
#include "scopes/judging.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::control {
namespace {

constexpr std::size_t reset_of_scope_at_once = 16;

[[nodiscard]] Json to_json(const scopes::Summary& scope, const Context& context,
                           const peer::Engine& engine) {
    Json peers = Json::array();
    for (const auto& peer : engine.peers()) {
        if (peer.scope == scope.name) {
            peers.push_back(context.names.of(peer.index));
        }
    }
    return {{"name", scope.name},
            {"begun", to_seconds(scope.begun)},
            {"peers", std::move(peers)},
            {"connections", scope.connections},
            {"asked", scope.asked}};
}

/// What has happened until now is told before what is asked next.
[[nodiscard]] std::optional<http::Response> conclude(Context& context, const std::string& name) {
    bool there = false;
    auto refusal = context.look([&](peer::Engine& engine, Instant now) {
        there = context.scopes.has(name);
        if (there) {
            engine.conclude_scope(name, now);
            if (context.list_sockets) {
                context.list_sockets(now);
            }
        }
    });
    if (!refusal && !there) {
        refusal = no_scope(name);
    }
    return refusal;
}

[[nodiscard]] tl::expected<scopes::Judged, http::Response> judge(Context& context,
                                                                 const std::string& name) {
    if (auto refusal = conclude(context, name)) {
        return tl::make_unexpected(std::move(*refusal));
    }
    std::optional<scopes::Snapshot> snapshot;
    if (auto refusal = context.look([&](peer::Engine& engine, Instant now) {
            if (context.scopes.has(name)) {
                snapshot = context.scopes.look_at(name, engine, now);
            }
        })) {
        return tl::make_unexpected(std::move(*refusal));
    }
    if (!snapshot) {
        return tl::make_unexpected(no_scope(name));
    }
    return scopes::judge_scope(*snapshot);
}

[[nodiscard]] Json verdict_as_json(const std::string& name, const scopes::Judged& judged) {
    const auto& verdict = *judged.verdict;
    Json failures = Json::array();
    for (const auto& failure : verdict.failures) {
        failures.push_back(failure.sentence);
    }
    const auto line = nlohmann::ordered_json::parse(scopes::to_line(judged), nullptr, false);
    return {{"scope", name},
            {"pass", verdict.pass},
            {"headline", verdict.headline},
            {"failures", std::move(failures)},
            {"text", scopes::to_verdict_text(judged)},
            {"verdict", line.is_discarded() ? Json() : line}};
}

/// The record in one form or another.
[[nodiscard]] http::Response give(Context& context, const Call& call, const char* type,
                                  std::string (*form)(const scopes::Judged&)) {
    const auto judged = judge(context, call.names[0]);
    if (!judged) {
        return judged.error();
    }
    http::Response response;
    response.content_type = type;
    response.body = form(*judged);
    return response;
}

}  // namespace

http::Response no_scope(const std::string& name) {
    constexpr std::size_t longest = 200;
    return fail(http::status::not_found,
                fmt::format("There is no scope \"{}\" (any more); POST /v1/scopes begins one.",
                            name.substr(0, longest)));
}

http::Response post_scope(Context& context, const Call& call) {
    const auto body = read_object(call.request);
    if (!body) {
        return body.error();
    }
    const auto name = body->find("name");
    if (name == body->end() || !name->is_string()) {
        return fail(http::status::bad_request,
                    R"(The body needs the scope's name: {"name": "test_login"}.)");
    }
    return context.ask_once([&](peer::Engine& engine, Instant now) {
        engine.tell_segments();
        context.begin_scopes();
        if (const auto refusal = context.scopes.begin(name->get<std::string>(), now)) {
            return fail(http::status::conflict, *refusal);
        }
        return answer({{"name", *name}, {"t", to_seconds(now)}});
    });
}

http::Response get_scopes(Context& context, const Call&) {
    return context.ask_once([&](peer::Engine& engine, Instant) {
        Json all = Json::array();
        for (const auto& scope : context.scopes.all()) {
            all.push_back(to_json(scope, context, engine));
        }
        return answer({{"scopes", std::move(all)}});
    });
}

http::Response get_scope(Context& context, const Call& call) {
    return context.ask_once([&](peer::Engine& engine, Instant) {
        const auto all = context.scopes.all();
        const auto found = std::find_if(
            all.begin(), all.end(), [&](const auto& scope) { return scope.name == call.names[0]; });
        return found != all.end() ? answer(to_json(*found, context, engine))
                                  : no_scope(call.names[0]);
    });
}

http::Response get_verdict(Context& context, const Call& call) {
    const auto judged = judge(context, call.names[0]);
    return judged ? answer(verdict_as_json(call.names[0], *judged)) : judged.error();
}

http::Response get_record(Context& context, const Call& call) {
    return give(context, call, "application/x-ndjson", scopes::to_lines);
}

http::Response get_trace(Context& context, const Call& call) {
    return give(context, call, "text/plain; charset=utf-8", scopes::to_trace);
}

http::Response get_page(Context& context, const Call& call) {
    const auto judged = judge(context, call.names[0]);
    if (!judged) {
        return judged.error();
    }
    http::Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = scopes::to_page(*judged, call.names[0], context.version);
    return response;
}

http::Response delete_scope(Context& context, const Call& call) {
    const std::string& name = call.names[0];
    const auto judged = judge(context, name);
    if (!judged) {
        return judged.error();
    }
    std::vector<peer::Order> orders;
    std::size_t next = 0;
    bool begun = false;
    return context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        if (!begun) {
            begun = true;
            for (const auto& peer : engine.peers()) {
                if (peer.scope == name) {
                    orders.emplace_back(std::vector<profile::Action>{profile::Reset{}},
                                        peer::Selector{peer::Selector::What::peer, peer.index, 0},
                                        false);
                }
            }
        }
        if (next < orders.size() && engine.act(orders[next], reset_of_scope_at_once, now)) {
            ++next;
        }
        if (next < orders.size()) {
            return Turn{Turn::Next::again, {}};
        }
        for (const peer::Order& order : orders) {
            forget_peer(context, order.on.peer);
        }
        engine.end_scope(name, now);
        context.scopes.end(name);
        response = answer(verdict_as_json(name, *judged));
        return Turn{};
    });
}

}  // namespace ghostpeer::control
