// `use`: another profile for a peer, and what becomes of the connections that are there.
#include "control/context.hpp"
#include "http/status.hpp"

#include <algorithm>

namespace ghostpeer::control {
namespace {

constexpr std::size_t looked_at_at_once = 16;

/// Counts the open connections of a peer that began before, and resets them where it is asked to.
class Keepers {
  public:
    Keepers(std::size_t peer, event::ConnectionId last, bool reset)
        : peer_(peer), last_(last), reset_(reset) {}

    /// True: those were all.
    [[nodiscard]] bool step(peer::Engine& engine, Instant now) {
        const auto page = engine.connections(*next_, looked_at_at_once, peer_);
        for (const auto& connection : page.connections) {
            const bool open = connection.state != tcp::State::closed &&
                              connection.state != tcp::State::listen &&
                              connection.state != tcp::State::time_wait;
            if (!open || connection.id > last_) {
                continue;
            }
            if (reset_) {
                peer::Order order({profile::Reset{}},
                                  {peer::Selector::What::connection, 0, connection.id});
                static_cast<void>(engine.act(order, 1, now));
                acted_ += order.acted;
                open_ += 1 - std::min<std::uint64_t>(order.acted, 1);
            } else {
                ++open_;
            }
        }
        next_ = page.next;
        return !next_;
    }

    [[nodiscard]] std::uint64_t open() const noexcept { return open_; }
    [[nodiscard]] std::uint64_t acted() const noexcept { return acted_; }

  private:
    std::size_t peer_;
    event::ConnectionId last_;
    bool reset_;
    std::optional<std::uint32_t> next_ = 0;
    std::uint64_t open_ = 0;
    std::uint64_t acted_ = 0;
};

}  // namespace

http::Response put_profile(Context& context, const Call& call) {
    const auto peer = context.names.find(call.names[0]);
    if (!peer) {
        return fail(http::status::not_found, context.names.unknown(call.names[0]));
    }
    const auto body = read_object(call.request);
    if (!body) {
        return body.error();
    }
    const auto wanted = read_profile(*body);
    if (!wanted) {
        return wanted.error();
    }
    const auto reset = body->find("reset");
    if (reset != body->end() && !reset->is_boolean()) {
        return fail(http::status::bad_request, "`reset` is true or false.");
    }
    bool fresh = false;
    if (auto refusal = context.look([&](peer::Engine& engine, Instant) {
            const auto view = engine.peer(peer->index);
            fresh = view && !view->scope.empty();
        })) {
        return *refusal;
    }
    const auto profile = load_profile(context, call, *wanted, fresh);
    if (!profile) {
        return profile.error();
    }
    std::optional<Keepers> keepers;
    return context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        if (!context.names.has(*peer)) {
            response = fail(http::status::not_found, context.names.unknown(call.names[0]));
            return Turn{};
        }
        if (!keepers) {
            const auto last = engine.last_connection();
            if (const auto refusal = engine.use(peer->index, *profile, now)) {
                response = fail(http::status::unprocessable, *refusal);
                return Turn{};
            }
            if (asks_outcomes(**profile) && context.watch_sockets) {
                context.watch_sockets(now);
            }
            keepers.emplace(peer->index, last, reset != body->end() && reset->get<bool>());
        }
        if (!keepers->step(engine, now)) {
            return Turn{Turn::Next::again, {}};
        }
        const auto view = engine.peer(peer->index);
        Json json = view ? to_json(*view, context.names) : Json::object();
        json["keep"] = keepers->open();
        json["reset"] = keepers->acted();
        response = answer(json);
        return Turn{};
    });
}

}  // namespace ghostpeer::control
