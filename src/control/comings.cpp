// Peers that come while the run goes on, and go.
#include "control/context.hpp"
#include "http/status.hpp"

#include <fmt/format.h>

#include <utility>

namespace ghostpeer::control {
namespace {

constexpr std::uint64_t largest_port = 65'535;

struct WantedPeer {
    WantedPlace place;
    std::optional<std::uint16_t> port;
    std::string scope;
    WantedProfile profile;
};

[[nodiscard]] auto malformed(const std::string& sentence) {
    return tl::make_unexpected(fail(http::status::bad_request, sentence));
}

[[nodiscard]] tl::expected<std::string, http::Response> text_of(const Json& body, const char* key) {
    const auto found = body.find(key);
    if (found == body.end() || found->is_null()) {
        return std::string();
    }
    if (!found->is_string()) {
        return malformed(fmt::format("`{}` is a text.", key));
    }
    return found->get<std::string>();
}

[[nodiscard]] tl::expected<WantedPeer, http::Response> read_peer(const http::Request& request) {
    const auto body = read_object(request);
    if (!body) {
        return tl::make_unexpected(body.error());
    }
    WantedPeer wanted;
    auto name = text_of(*body, "name");
    const auto address = text_of(*body, "address");
    auto scope = text_of(*body, "scope");
    for (const tl::expected<std::string, http::Response>* each :
         {&std::as_const(name), &address, &std::as_const(scope)}) {
        if (!*each) {
            return tl::make_unexpected(each->error());
        }
    }
    wanted.place.name = std::move(*name);
    if (wanted.place.name.size() > 1 && wanted.place.name.back() == '.') {
        wanted.place.name.pop_back();
    }
    wanted.scope = std::move(*scope);
    if (!address->empty()) {
        wanted.place.address = wire::IpAddress::parse(*address);
        if (!wanted.place.address) {
            return malformed(fmt::format("\"{}\" is no IP address.", *address));
        }
        if (!wanted.place.name.empty()) {
            return malformed(
                "A peer has a `name`, whose addresses are given out, or an `address`.");
        }
    }
    if (const auto port = body->find("port"); port != body->end() && !port->is_null()) {
        if (!port->is_number_unsigned() || port->get<std::uint64_t>() == 0 ||
            port->get<std::uint64_t>() > largest_port) {
            return malformed(
                "`port` is a number from 1 to 65535; without one every port is the "
                "peer's.");
        }
        wanted.port = port->get<std::uint16_t>();
    }
    auto profile = read_profile(*body);
    if (!profile) {
        return tl::make_unexpected(profile.error());
    }
    wanted.profile = std::move(*profile);
    return wanted;
}

[[nodiscard]] std::string name_of(const WantedPeer& wanted,
                                  const std::vector<wire::IpAddress>& addresses) {
    if (wanted.place.name.empty()) {
        return wanted.port ? wire::Endpoint{addresses.front(), *wanted.port}.to_string()
                           : addresses.front().to_string();
    }
    return wanted.port ? fmt::format("{}:{}", wanted.place.name, *wanted.port) : wanted.place.name;
}

/// In the engine's thread.
[[nodiscard]] http::Response add(Context& context, const WantedPeer& wanted,
                                 const std::shared_ptr<const profile::Profile>& profile,
                                 peer::Engine& engine, Instant now) {
    if (!wanted.scope.empty() && !context.scopes.takes(wanted.scope)) {
        return no_scope(wanted.scope);
    }
    const auto addresses = context.places->take(wanted.place);
    if (!addresses) {
        return fail(http::status::conflict, addresses.error());
    }
    const std::string name = name_of(wanted, *addresses);
    WantedPlace place = wanted.place;
    if (place.name.empty()) {
        place.address = addresses->front();
    }
    if (context.names.has_name(name)) {
        context.places->give_back(place);
        return fail(http::status::conflict,
                    fmt::format("There is a peer {} already. Take another name or port, or let "
                                "that one go first.",
                                name));
    }
    peer::PeerSpec spec;
    spec.addresses = *addresses;
    spec.port = wanted.port;
    spec.profile = profile;
    spec.name = name;
    spec.scope = wanted.scope;
    const auto index = engine.add_peer(std::move(spec), now);
    if (!index) {
        context.places->give_back(place);
        return fail(http::status::conflict, index.error());
    }
    context.names.set(*index, name);
    context.came[*index] = std::move(place);
    if (asks_outcomes(*profile) && context.watch_sockets) {
        context.watch_sockets(now);
    }
    return answer(to_json(*engine.peer(*index), context.names));
}

}  // namespace

http::Response post_peer(Context& context, const Call& call) {
    if (context.places == nullptr) {
        return fail(http::status::conflict,
                    "No peer can come where there is no place for it: with --link loopback each "
                    "peer has a port that was taken when the run began. Leave --link out.");
    }
    const auto wanted = read_peer(call.request);
    if (!wanted) {
        return wanted.error();
    }
    const auto profile = load_profile(context, call, wanted->profile, !wanted->scope.empty());
    if (!profile) {
        return profile.error();
    }
    return context.ask_once([&](peer::Engine& engine, Instant now) {
        return add(context, *wanted, *profile, engine, now);
    });
}

http::Response delete_peer(Context& context, const Call& call) {
    const auto peer = context.names.find(call.names[0]);
    if (!peer) {
        return fail(http::status::not_found, context.names.unknown(call.names[0]));
    }
    if (peer->coming == 0) {
        return fail(http::status::conflict,
                    fmt::format("The peer {} was there when the run began, and stays. Give it "
                                "another profile, or blackhole it.",
                                context.names.of(peer->index)));
    }
    Removal removal(*peer);
    bool begun = false;
    return context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        if (!begun && !context.names.has(*peer)) {
            response = fail(http::status::not_found, context.names.unknown(call.names[0]));
            return Turn{};
        }
        begun = true;
        if (!removal.step(context, engine, now)) {
            return Turn{Turn::Next::again, {}};
        }
        response = answer({{"t", to_seconds(now)}, {"connections", removal.resets()}});
        return Turn{};
    });
}

Removal::Removal(const NamedPeer& peer)
    : peer_(peer), order_({profile::Reset{}}, {peer::Selector::What::peer, peer.index, 0}, false) {}

bool Removal::step(Context& context, peer::Engine& engine, Instant now) {
    constexpr std::size_t reset_at_once = 16;
    constexpr std::size_t forgotten_at_once = 1'000;
    if (!context.names.has(peer_)) {
        return true;
    }
    engine.leave_peer(peer_.index);
    if (!reset_) {
        reset_ = engine.act(order_, reset_at_once, now);
        return false;
    }
    const bool gone = engine.remove_peer(peer_.index, forgotten_at_once, now);
    context.desk.news();  // what is forgotten is told by no event, and others may wait for it
    if (!gone) {
        return false;
    }
    context.names.clear(peer_.index);
    if (const auto place = context.came.find(peer_.index); place != context.came.end()) {
        if (context.places != nullptr) {
            context.places->give_back(place->second);
        }
        context.came.erase(place);
    }
    return true;
}

}  // namespace ghostpeer::control
