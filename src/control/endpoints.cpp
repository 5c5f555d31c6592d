// Peers and connections.
#include "control/context.hpp"
#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "http/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::control {
namespace {

constexpr std::uint64_t most_in_page = 256;
constexpr std::size_t taken_at_once = 32;

}  // namespace

http::Response Context::unavailable(Desk::Outcome why) {
    return fail(http::status::unavailable, why == Desk::Outcome::full
                                               ? "Too many requests wait for an answer; try again."
                                               : "The run has ended.");
}

tl::expected<Json, http::Response> read_object(const http::Request& request) {
    auto body = parse_json(request.body);
    if (!body) {
        return tl::make_unexpected(
            fail(http::status::bad_request,
                 fmt::format("The body is no JSON, or is nested more than {} levels deep, or has "
                             "more than {} values.",
                             most_levels, most_values_of_request)));
    }
    if (!body->is_object()) {
        return tl::make_unexpected(
            fail(http::status::bad_request, "The body has to be a JSON object."));
    }
    return std::move(*body);
}

http::Response get_info(Context& context, const Call&) {
    return context.ask_once([&](peer::Engine& engine, Instant now) {
        return answer({{"ghostpeer", context.version},
                       {"t", to_seconds(now)},
                       {"connections", engine.live_connections()},
                       {"attempts", engine.attempt_count()},
                       {"newest_event", context.log.newest()}});
    });
}

http::Response get_peers(Context& context, const Call&) {
    std::vector<peer::PeerView> views;
    if (auto refusal =
            context.look([&](peer::Engine& engine, Instant) { views = engine.peers(); })) {
        return *refusal;
    }
    Json peers = Json::array();
    for (const auto& peer : views) {
        if (context.names.visible(peer.index)) {
            peers.push_back(to_json(peer, context.names));
        }
    }
    return answer({{"peers", std::move(peers)}});
}

http::Response get_peer(Context& context, const Call& call) {
    return context.ask_once([&](peer::Engine& engine, Instant) {
        const auto peer = context.names.find(call.names[0]);
        const auto view = peer ? engine.peer(peer->index) : std::nullopt;
        return view ? answer(to_json(*view, context.names))
                    : fail(http::status::not_found, context.names.unknown(call.names[0]));
    });
}

http::Response get_connections(Context& context, const Call& call) {
    std::optional<NamedPeer> peer;
    if (const auto name = call.target.get("peer")) {
        peer = context.names.find(*name);
        if (!peer) {
            return fail(http::status::not_found, context.names.unknown(*name));
        }
    }
    const auto limit = parse_number(call.target.get("limit").value_or("100"));
    const auto from = parse_number(call.target.get("from").value_or("0"));
    if (!limit || *limit == 0 || *limit > most_in_page || !from || *from > UINT32_MAX) {
        return fail(http::status::bad_request,
                    fmt::format("`limit` is a number from 1 to {}, `from` the `next` "
                                "of the page before.",
                                most_in_page));
    }
    peer::ConnectionPage page;
    page.next = static_cast<std::uint32_t>(*from);
    Instant at{};
    auto taken = context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        if (peer && !context.names.has(*peer)) {
            response = fail(http::status::not_found,
                            context.names.unknown(call.target.get("peer").value_or("")));
            return Turn{};
        }
        const auto most = static_cast<std::size_t>(*limit) - page.connections.size();
        auto part = engine.connections(*page.next, std::min(most, taken_at_once),
                                       peer ? std::optional(peer->index) : std::nullopt);
        page.connections.insert(page.connections.end(), part.connections.begin(),
                                part.connections.end());
        page.next = part.next;
        at = now;
        const bool over = !page.next || page.connections.size() >= *limit;
        return Turn{over ? Turn::Next::done : Turn::Next::again, {}};
    });
    if (taken.status != http::Response{}.status) {
        return taken;
    }
    std::sort(page.connections.begin(), page.connections.end(),
              [](const auto& a, const auto& b) { return a.id < b.id; });
    Json connections = Json::array();
    for (const auto& connection : page.connections) {
        connections.push_back(to_json(connection, context.names));
    }
    return answer({{"t", to_seconds(at)},
                   {"connections", std::move(connections)},
                   {"next", page.next ? Json(*page.next) : Json()}});
}

http::Response get_connection(Context& context, const Call& call) {
    const auto id = parse_number(call.names[0]);
    if (!id) {
        return fail(http::status::not_found,
                    fmt::format("\"{}\" is no connection's number.", call.names[0]));
    }
    std::optional<peer::ConnectionView> connection;
    if (auto refusal = context.look(
            [&](peer::Engine& engine, Instant) { connection = engine.connection(*id); })) {
        return *refusal;
    }
    return connection
               ? answer(to_json(*connection, context.names))
               : fail(http::status::not_found, fmt::format("There is no connection {}.", *id));
}

}  // namespace ghostpeer::control
