// Scopes: peers that came together, their record and their verdict.
#include "control/context.hpp"
#include "http/status.hpp"
#include "scopes/judging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ghostpeer::control {
namespace {

/// Names of peers by their scopes.
using Peers = std::map<std::string, Json>;

[[nodiscard]] Peers peers_by_scope(const Context& context, const peer::Engine& engine) {
    Peers all;
    for (const auto& peer : engine.peers()) {
        all.try_emplace(peer.scope, Json::array())
            .first->second.push_back(context.names.of(peer.index));
    }
    return all;
}

[[nodiscard]] Json to_json(const scopes::Summary& scope, const Peers& all) {
    const auto its = all.find(scope.name);
    Json peers = its != all.end() ? its->second : Json::array();
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
        there = context.scopes.takes(name);
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

/// What was judged, and of which scope that had the name.
struct Judgement {
    std::uint64_t number = 0;
    scopes::Judged scope;
};

[[nodiscard]] tl::expected<Judgement, http::Response> judge(Context& context,
                                                            const std::string& name) {
    if (auto refusal = conclude(context, name)) {
        return tl::make_unexpected(std::move(*refusal));
    }
    std::optional<scopes::Snapshot> snapshot;
    if (auto refusal = context.look([&](peer::Engine& engine, Instant now) {
            if (context.scopes.takes(name)) {
                snapshot = context.scopes.look_at(name, engine, now);
            }
        })) {
        return tl::make_unexpected(std::move(*refusal));
    }
    if (!snapshot) {
        return tl::make_unexpected(no_scope(name));
    }
    return Judgement{snapshot->number, scopes::judge_scope(*snapshot)};
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
    response.body = form(judged->scope);
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
        const auto peers = peers_by_scope(context, engine);
        for (const auto& scope : context.scopes.all()) {
            all.push_back(to_json(scope, peers));
        }
        return answer({{"scopes", std::move(all)}});
    });
}

http::Response get_scope(Context& context, const Call& call) {
    return context.ask_once([&](peer::Engine& engine, Instant) {
        const auto all = context.scopes.all();
        const auto found = std::find_if(
            all.begin(), all.end(), [&](const auto& scope) { return scope.name == call.names[0]; });
        return found != all.end() ? answer(to_json(*found, peers_by_scope(context, engine)))
                                  : no_scope(call.names[0]);
    });
}

http::Response get_verdict(Context& context, const Call& call) {
    const auto judged = judge(context, call.names[0]);
    return judged ? answer(verdict_as_json(call.names[0], judged->scope)) : judged.error();
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
    response.body = scopes::to_page(judged->scope, call.names[0], context.version);
    return response;
}

http::Response delete_scope(Context& context, const Call& call) {
    const std::string& name = call.names[0];
    const auto judged = judge(context, name);
    if (!judged) {
        return judged.error();
    }
    std::vector<NamedPeer> peers;
    std::optional<Removal> removal;
    bool begun = false;
    return context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        if (!begun) {
            // Another client may have ended it meanwhile, and begun another.
            if (!context.scopes.begin_end(name, judged->number)) {
                response = no_scope(name);
                return Turn{};
            }
            begun = true;
            for (const auto& view : engine.peers_of(name)) {
                engine.leave_peer(view.index);
                if (const auto peer = context.names.at(view.index)) {
                    peers.push_back(*peer);
                }
            }
        }
        if (!removal && !peers.empty()) {
            removal.emplace(peers.back());
            peers.pop_back();
        }
        if (removal) {
            if (removal->step(context, engine, now)) {
                removal.reset();
            }
            return Turn{Turn::Next::again, {}};
        }
        engine.end_scope(name, now);
        context.scopes.end(name);
        response = answer(verdict_as_json(name, judged->scope));
        return Turn{};
    });
}

}  // namespace ghostpeer::control
