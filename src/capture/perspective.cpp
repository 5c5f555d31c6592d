// Where a capture was made.
#include "capture/tracker.hpp"
#include "capture/words.hpp"

#include <fmt/format.h>

#include <chrono>

namespace ghostpeer::capture {
namespace {

using namespace std::chrono_literals;

/// A sender's own TTL, before any router: the values that systems begin with.
[[nodiscard]] bool is_fresh(std::uint8_t ttl) noexcept {
    return ttl == 64 || ttl == 128 || ttl == 255;
}

void tell(Conversation& conversation, Perspective perspective, std::string reason) {
    conversation.perspective = perspective;
    conversation.perspective_reason = std::move(reason);
}

/// False where both parts are alike.
[[nodiscard]] bool by_round_trip(Conversation& told) {
    if (!told.rtt_server || !told.rtt_client) {
        return false;
    }
    const Duration to_server = *told.rtt_server;
    const Duration to_client = *told.rtt_client;
    // Within one machine, or one room, scheduling is most of it.
    constexpr Duration measurable = 2ms;
    constexpr int much = 5;
    const std::string parts = fmt::format("{} to the server and back, {} to the client and back",
                                          say(to_server), say(to_client));
    if (to_server + to_client < measurable) {
        return false;
    }
    if (to_client * much < to_server) {
        tell(told, Perspective::client, parts);
    } else if (to_server * much < to_client) {
        tell(told, Perspective::server, parts);
    } else {
        tell(told, Perspective::middle, parts);
    }
    return true;
}

}  // namespace

void find_perspective(Conversation& told) {
    if (by_round_trip(told)) {
        return;
    }
    const auto& client = told.of(Side::client).ttl;
    const auto& server = told.of(Side::server).ttl;
    if (!client || !server) {
        tell(told, Perspective::unknown, "only one end is there");
        return;
    }
    const std::string ttls =
        fmt::format("TTL {} of the client, {} of the server", unsigned{*client}, unsigned{*server});
    if (is_fresh(*client) && !is_fresh(*server)) {
        tell(told, Perspective::client, ttls);
    } else if (is_fresh(*server) && !is_fresh(*client)) {
        tell(told, Perspective::server, ttls);
    } else if (!is_fresh(*client) && !is_fresh(*server)) {
        tell(told, Perspective::middle, ttls);
    } else {
        tell(told, Perspective::unknown,
             ttls + ": both ends are on this machine, or next to each other");
    }
}

}  // namespace ghostpeer::capture
