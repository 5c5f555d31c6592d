// A stage: processes start in it, servers are waited for, and all of it ends with it.
#include "servers/processes.hpp"
#include "servers/stage.hpp"
#include "support/readable.hpp"

#include <doctest/doctest.h>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace ghostpeer;
using namespace std::chrono_literals;

namespace {

/// A stage with one command for the shell, and its processes; none where the kernel allows no
/// namespaces.
struct Show {
    explicit Show(std::string of) : line(std::move(of)) {
        auto begun = servers::Stage::begin({{{"sh", "-c", line}}, {}, false, {}});
        if (!begun) {
            MESSAGE(begun.error().message);
            return;
        }
        stage.emplace(std::move(*begun));
        processes.emplace(*stage, std::vector<std::vector<std::string>>{{"sh", "-c", line}});
    }
    /// Whether one more can be had.
    bool start(event::ConnectionId connection, std::uint32_t most = 64) {
        profile::Relay relay{profile::Relay::To::process, {}, 0};
        relay.command = {"sh", "-c", line};
        relay.processes = most;
        return processes->start({connection, 0}, {relay, {}, {}, 1}, now);
    }
    /// Until the condition holds, five seconds at most.
    template <typename Condition>
    bool until(Condition condition) {
        for (int i = 0; i < 500; ++i) {
            processes->attend(now);
            for (auto& one : processes->take_started()) {
                streams.push_back(std::move(one));
            }
            for (auto& one : processes->take_events()) {
                texts.push_back(std::get<event::Notice>(one.what).text);
            }
            if (condition()) {
                return true;
            }
            pollfd ready{processes->fd(), POLLIN, 0};
            poll(&ready, 1, 10);
        }
        return false;
    }

    std::string line;
    Instant now = run_start;
    std::optional<servers::Stage> stage;
    std::optional<servers::Processes> processes;
    std::vector<servers::Processes::Started> streams;
    std::vector<std::string> texts;
};

[[nodiscard]] std::string read_all(int fd) {
    std::string text;
    std::array<char, 256> piece{};
    while (test::is_readable(fd, 5000)) {
        const ssize_t got = read(fd, piece.data(), piece.size());
        if (got <= 0) {
            break;
        }
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
}

}  // namespace

TEST_CASE("a process has a stream, says on standard error what is told, and its end is told") {
    const std::string line =
        "read word; echo \"got $word at attempt $GHOSTPEER_ATTEMPT\"; echo oh >&2; exit 3";
    Show show(line);
    if (!show.stage) {
        return;
    }
    REQUIRE(show.start(7));
    REQUIRE(show.until([&] { return show.streams.size() == 1; }));
    CHECK(show.streams[0].connection == 7);
    const int fd = show.streams[0].stream.get();
    REQUIRE(send(fd, "it\n", 3, MSG_NOSIGNAL) == 3);
    CHECK(read_all(fd) == "got it at attempt 1\n");
    REQUIRE(show.until([&] { return show.texts.size() == 2; }));
    CHECK(show.texts[0] == "sh: oh");
    CHECK(show.texts[1].find("exited with status 3") != std::string::npos);
}

TEST_CASE("processes are no more than may be, and end with their connections") {
    Show show("trap '' TERM; while :; do sleep 1; done");
    if (!show.stage) {
        return;
    }
    REQUIRE(show.start(1, 2));
    REQUIRE(show.start(2, 2));
    CHECK_FALSE(show.start(3, 2));
    REQUIRE(show.until([&] { return show.streams.size() == 2; }));
    CHECK(show.texts.size() == 1);
    show.processes->end(1, true, show.now);
    CHECK(show.processes->next_deadline() == show.now + 1s);
    show.now += 1s;
    show.processes->attend(show.now);
    CHECK(read_all(show.streams[0].stream.get()).empty());
    CHECK(show.start(3, 2));
    // What ended because it was asked to is no failure.
    CHECK(show.texts.size() == 1);
}

TEST_CASE("a server that ends at once, or never listens, is told with what it has printed") {
    profile::Server server;
    server.name = "db";
    server.command = {"sh", "-c", "echo no such table >&2; exit 4"};
    const auto ended = servers::Stage::begin({{}, {server}, true, {}});
    REQUIRE_FALSE(ended.has_value());
    if (ended.error().kind != sandbox::Error::Kind::failed) {
        return;  // no namespaces here
    }
    CHECK(ended.error().message.find("with status 4") != std::string::npos);
    CHECK(ended.error().message.find("no such table") != std::string::npos);
    server.command = {"sleep", "60"};
    server.port = 5432;
    server.within = 50ms;
    const auto deaf = servers::Stage::begin({{}, {server}, true, {}});
    REQUIRE_FALSE(deaf.has_value());
    CHECK(deaf.error().message.find("does not listen on the port 5432 after 50 ms") !=
          std::string::npos);
    server.command = {"/nowhere/to/be/found"};
    const auto missing = servers::Stage::begin({{}, {server}, true, {}});
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().message.find("there is no such file") != std::string::npos);
    server.command = {"sh", "-c", "echo waiting; echo ready to go; sleep 60"};
    server.ready = *profile::Pattern::parse("/ready .*/");
    server.within = 30s;
    const auto ready = servers::Stage::begin({{}, {server}, true, {}});
    CHECK(ready.has_value());
}
