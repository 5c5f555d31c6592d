// A world with one connection, what the kernel says of its socket, and an expected outcome.
#pragma once

#include "support/expect_harness.hpp"

namespace ghostpeer::testing {

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
        world.engine.on_socket({flow(), state, false, world.now, due}, world.now);
    }
    /// The kernel does not list it any more; it did so a moment ago.
    void gone(tcp::State last, std::optional<Instant> due = {}, Duration ago = 20ms) {
        world.engine.on_socket({flow(), last, true, world.now - ago, due}, world.now);
    }
    /// The same, and the kernel counts those that it gives up.
    void gone_counted(tcp::State last, std::uint64_t before, std::uint64_t by,
                      std::optional<Instant> due = {}) {
        world.engine.on_socket({flow(), last, true, world.now - 20ms, due, before, by}, world.now);
    }
    /// The kernel has freed the socket.
    void destroyed(std::optional<std::uint64_t> aborts = {}) {
        world.engine.on_destroyed({flow(), aborts}, world.now);
    }
    [[nodiscard]] peer::AttemptRecord record() {
        world.engine.conclude(world.now);
        return world.engine.attempts().at(0);
    }
    [[nodiscard]] std::string failures() { return failures_of(world); }
    [[nodiscard]] bool met() { return failures().empty(); }
};

inline constexpr const char* no_answer = "rules: [{on: receive syn, do: drop}]\n";

}  // namespace ghostpeer::testing
