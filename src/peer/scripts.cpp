// What a script has no word for is told: the run is judged by it.
#include "peer/engine_impl.hpp"

#include "event/text.hpp"
#include "flows/script_service.hpp"
#include "script/digest.hpp"

#include <fmt/format.h>

namespace ghostpeer::peer {
namespace {

// Of so many steps it is told, once of each.
constexpr std::size_t most_told = 64;

}  // namespace

void Engine::Impl::tell_surprises(Connection& connection, bool over, Instant now) {
    for (const script::Surprise& surprise : script_surprises(connection, over)) {
        constexpr std::string_view what = "unexpected-input";
        const std::string place = event::format_place(surprise.step->place);
        auto& given = notices_given[what];
        if (given.size() < most_told && given.insert(place).second) {
            post(&connection, now,
                 event::Notice{what, fmt::format("{}: {}.", place, surprise.text)});
        }
    }
}

void Engine::Impl::tell_repeats(Connection& connection, bool over, Instant now) {
    constexpr std::size_t most_remembered = 1'000'000;
    const wire::Endpoint& place =
        connection.dialled ? connection.flow.remote : connection.flow.local;
    for (const std::uint64_t mark : whole_requests(connection, over)) {
        const std::string where = place.to_string();
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(where.data());
        const std::uint64_t there = script::mix(mark, std::span(bytes, where.size()));
        if (requests_seen.contains(there)) {
            post(&connection, now,
                 event::Notice{
                     "repeated-request",
                     fmt::format("A request came once more to {}, byte for byte.", where)});
        } else if (requests_seen.size() < most_remembered) {
            requests_seen.insert(there);
        }
    }
}

}  // namespace ghostpeer::peer
