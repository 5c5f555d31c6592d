// What a script has no word for is told: the run is judged by it.
#include "peer/engine_impl.hpp"

#include "event/text.hpp"
#include "flows/script_service.hpp"
#include "script/digest.hpp"

#include <fmt/format.h>

namespace ghostpeer::peer {

void Engine::Impl::tell_surprises(Connection& connection, bool over, Instant now) {
    for (const script::Surprise& surprise : script_surprises(connection, over)) {
        const std::string place = event::format_place(surprise.step->place);
        std::string text = fmt::format("{}: {}.", place, surprise.text);
        Behaviour& behaviour = *connection.behaviour;
        if (behaviour.scope.empty()) {
            notice("unexpected-input", place, std::move(text), now, &connection);
        } else if (behaviour.told.insert(place).second) {
            post(&connection, now, event::Notice{"unexpected-input", std::move(text)});
        }
    }
}

void Engine::Impl::tell_repeats(Connection& connection, bool over, Instant now) {
    const wire::Endpoint& place =
        connection.dialled ? connection.flow.remote : connection.flow.local;
    for (const std::uint64_t mark : whole_requests(connection, over)) {
        const std::string where = place.to_string();
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(where.data());
        const std::uint64_t there = script::mix(mark, std::span(bytes, where.size()));
        switch (requests_seen.note(there, memory)) {
            case SeenRequests::Found::fresh: break;
            case SeenRequests::Found::repeated:
                post(&connection, now,
                     event::Notice{
                         "repeated-request",
                         fmt::format("A request came once more to {}, byte for byte.", where)});
                break;
            case SeenRequests::Found::no_room:
                notice("limit", "requests",
                       "So many requests have come that further ones are not remembered: whether "
                       "one of these comes twice is not seen. Up to 1000000 are, as far as "
                       "--max-memory leaves room for them.",
                       now);
                break;
        }
    }
}

}  // namespace ghostpeer::peer
