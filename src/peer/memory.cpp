// What connections hold, and what is told where they may hold no more.
#include "peer/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {

void Engine::Impl::account(Connection& connection) noexcept {
    const auto held =
        static_cast<std::uint32_t>(std::min<std::size_t>(held_by(connection), UINT32_MAX));
    if (held != connection.held) {
        memory.change(connection.held, held);
        connection.held = held;
    }
}

bool Engine::Impl::may_hold(const Connection& connection, std::size_t bytes, Instant now) {
    const std::size_t delayed = connection.extras ? connection.extras->delayed_bytes : 0;
    const std::size_t put_off = connection.extras ? connection.extras->put_off() : 0;
    if (delayed + bytes <= settings.max_buffered && bytes <= memory.room_for(put_off) &&
        memory.room_for(put_off) > 0) {
        return true;
    }
    note_refusal(bytes, now);
    return false;
}

void Engine::Impl::note_want_of_memory(std::uint64_t bytes, Instant now) {
    counters.bytes_dropped_for_memory += bytes;
    notice("limit", "memory",
           fmt::format("The limit of {} bytes for all connections together is reached: what "
                       "arrives and finds no room is thrown away, as by a host that is short "
                       "of memory. Raise it with --max-memory.",
                       memory.limit()),
           now);
}

void Engine::Impl::note_refusal(std::uint64_t bytes, Instant now) {
    if (memory.left() == 0) {
        note_want_of_memory(bytes, now);
        return;
    }
    counters.bytes_dropped_at_limit += bytes;
    notice("limit", "buffer",
           fmt::format("A connection holds as many bytes as it may, {}: what comes on top is "
                       "thrown away. Raise the limit with --max-buffer.",
                       settings.max_buffered),
           now);
}

void Engine::Impl::note_window(const Behaviour& behaviour, Instant now) {
    notice("limit", "window",
           fmt::format("The profile asks for a window of {} bytes, and a connection may hold {}: "
                       "no more is offered. Raise the limit with --max-buffer.",
                       *behaviour.window_asked_for, settings.max_buffered),
           now);
}

void Engine::Impl::note_wait(Instant now) {
    ++counters.waits_for_memory;
    notice("limit", "memory wait",
           fmt::format("The limit of {} bytes for all connections together is reached: what the "
                       "peer has to say waits until some of it is acknowledged or read. Raise it "
                       "with --max-memory.",
                       memory.limit()),
           now);
}

}  // namespace ghostpeer::peer
