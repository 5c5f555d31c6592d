// What a script has no word for is told: the run is judged by it.
#include "peer/engine_impl.hpp"

#include "event/text.hpp"
#include "flows/script_service.hpp"

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
                 event::Notice{what, fmt::format("{}: {}; `else` says what is to be done with it.",
                                                 place, surprise.text)});
        }
    }
}

}  // namespace ghostpeer::peer
