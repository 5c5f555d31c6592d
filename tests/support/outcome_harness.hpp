// A world with one connection, what the kernel says of its socket, and an expected outcome.
#pragma once

#include "support/expect_harness.hpp"

namespace ghostpeer::testing {

/// As `ss` writes it.
[[nodiscard]] inline std::string_view word_of(tcp::State state) {
    using tcp::State;
    switch (state) {
        case State::established: return "ESTAB";
        case State::syn_sent: return "SYN-SENT";
        case State::syn_received: return "SYN-RECV";
        case State::fin_wait_1: return "FIN-WAIT-1";
        case State::fin_wait_2: return "FIN-WAIT-2";
        case State::time_wait: return "TIME-WAIT";
        case State::close_wait: return "CLOSE-WAIT";
        case State::last_ack: return "LAST-ACK";
        case State::closing: return "CLOSING";
        default: return "?";
    }
}

[[nodiscard]] inline event::Socket socket_of(const wire::Flow& flow) {
    event::Socket socket;
    socket.src = flow.remote;
    socket.dst = flow.local;
    socket.shown = false;
    return socket;
}

inline void tell_listed(World& world, const wire::Flow& flow, tcp::State state,
                        std::optional<Instant> due = {}) {
    auto socket = socket_of(flow);
    socket.state = word_of(state);
    if (due) {
        socket.timer = event::SocketTimer::on;
        socket.expires = *due - world.now;
    }
    world.told(socket);
}

inline void tell_gone(World& world, const wire::Flow& flow, tcp::State last,
                      std::optional<Instant> due, Duration ago,
                      std::optional<std::uint64_t> before = {},
                      std::optional<std::uint64_t> by = {}) {
    auto socket = socket_of(flow);
    socket.state = event::gone;
    socket.last_state = word_of(last);
    socket.last_seen = world.now - ago;
    socket.due = due;
    socket.aborts_before = before;
    socket.aborts = by;
    world.told(socket);
}

inline void tell_destroyed(World& world, const wire::Flow& flow,
                           std::optional<std::uint64_t> aborts = {}, bool retried = true) {
    auto socket = socket_of(flow);
    socket.state = event::destroyed;
    socket.aborts = aborts;
    socket.retried = retried;
    world.told(socket);
}

/// The kernel counts the sockets that it gives up, and is at so many.
inline void tell_aborts(World& world, std::uint64_t aborts) {
    world.told(event::Sockets{false, aborts});
}

/// It has been asked for all sockets.
inline void tell_complete(World& world) { world.told(event::Sockets{true, {}}); }

/// A world that has one connection, on port 40000.
struct Case {
    World world;
    Socket socket{world};

    explicit Case(const std::string& outcome, const std::string& more = "")
        : world(more + "expect: [{outcome: " + outcome + "}]\n") {}

    [[nodiscard]] wire::Flow flow() const {
        return {{*wire::IpAddress::parse("198.18.0.2"), 80},
                {*wire::IpAddress::parse("198.18.0.1"), 40'000}};
    }
    /// The kernel lists the socket now.
    void listed(tcp::State state, std::optional<Instant> due = {}) {
        tell_listed(world, flow(), state, due);
    }
    /// The kernel does not list it any more; it did so a moment ago.
    void gone(tcp::State last, std::optional<Instant> due = {}, Duration ago = 20ms) {
        tell_gone(world, flow(), last, due, ago);
    }
    /// The same, and the kernel counts those that it gives up.
    void gone_counted(tcp::State last, std::uint64_t before, std::uint64_t by,
                      std::optional<Instant> due = {}) {
        tell_gone(world, flow(), last, due, 20ms, before, by);
    }
    /// The kernel has freed the socket.
    void destroyed(std::optional<std::uint64_t> aborts = {}) {
        tell_destroyed(world, flow(), aborts);
    }
    [[nodiscard]] judge::Attempt record() { return summary_of(world).attempts.at(0); }
    [[nodiscard]] std::string failures() { return failures_of(world); }
    [[nodiscard]] bool met() { return failures().empty(); }
};

inline constexpr const char* no_answer = "rules: [{on: receive syn, do: drop}]\n";

}  // namespace ghostpeer::testing
