// What requests are made of: targets, addresses, conditions, and the log of events.
#include "control/condition.hpp"
#include "control/event_log.hpp"
#include "control/listener.hpp"
#include "control/query.hpp"
#include "control/router.hpp"
#include "support/peer_harness.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;
using control::parse_condition;

namespace {

control::PeerNames names({"db", "", "default"});

std::string problem(std::string_view text) {
    const auto condition = parse_condition(text, names);
    return condition ? "" : condition.error().substr(0, condition.error().find(". A condition"));
}

/// How the condition stands, looked at until it is known.
control::Standing stands(const peer::Engine& engine, std::string_view text) {
    auto condition = parse_condition(text, names);
    REQUIRE_MESSAGE(condition, text);
    control::Look look(std::move(*condition));
    auto standing = look.step(engine);
    for (int steps = 0; standing.more; ++steps) {
        REQUIRE(steps < 100);
        standing = look.step(engine);
    }
    return standing;
}

bool seen(std::string_view condition, std::string_view line) {
    const auto parsed = parse_condition(condition, names);
    REQUIRE(parsed);
    return control::matches(std::get<control::EventSeen>(*parsed), line);
}

}  // namespace

TEST_CASE("a target is taken apart, escapes and all") {
    const auto target =
        control::parse_target("/v1/peers/%3A5432/?for=established%20>=3&timeout=5s&a+b=c%2Bd&e#f");
    REQUIRE(target);
    CHECK(target->path == std::vector<std::string>{"v1", "peers", ":5432"});
    CHECK(target->get("for") == "established >=3");
    CHECK(target->get("timeout") == "5s");
    CHECK(target->get("a b") == "c+d");
    CHECK(target->get("e") == "");
    CHECK_FALSE(target->get("f"));
    CHECK(control::parse_target("")->path.empty());
    for (const char* broken : {"/%", "/%1", "/%zz", "/a?b=%4", "/a?%=1"}) {
        CHECK_FALSE(control::parse_target(broken));
    }
    const std::string all = "a b/c?d=e&f%g:\xc3\xa4";
    CHECK(control::parse_target("/" + control::percent_encode(all))->path[0] == all);
}

TEST_CASE("secrets are the same or not") {
    CHECK(control::same_secret("0123456789", "0123456789"));
    CHECK_FALSE(control::same_secret("0123456780", "0123456789"));
    CHECK_FALSE(control::same_secret("01234567890123456789", "0123456789"));
    CHECK_FALSE(control::same_secret("", "0123456789"));
    CHECK_FALSE(control::same_secret("", ""));
}

TEST_CASE("control addresses are Unix sockets and loopback, nothing else") {
    const auto shown = [](std::string_view text) {
        const auto address = control::parse_address(text);
        return address ? address->to_string() : "error: " + address.error();
    };
    CHECK(shown("unix:/run/x.sock") == "unix:/run/x.sock");
    CHECK(shown("./x.sock") == "unix:./x.sock");
    CHECK(shown("127.0.0.1:8000") == "http://127.0.0.1:8000");
    CHECK(shown("http://127.3.2.1:8000/") == "http://127.3.2.1:8000");
    CHECK(shown("localhost:0") == "http://127.0.0.1:0");
    CHECK(shown("[::1]:80") == "http://[::1]:80");
    CHECK(shown("::1:80") == "http://[::1]:80");
    CHECK(shown("0.0.0.0:80").find("is not a loopback address") != std::string::npos);
    CHECK(shown("192.0.2.1:80").find("ssh -L") != std::string::npos);
    CHECK(shown("[::]:80").find("is not a loopback address") != std::string::npos);
    CHECK(shown("example.org:80").find("names no address") != std::string::npos);
    CHECK(shown("127.0.0.1").find("names no port") != std::string::npos);
    CHECK(shown("127.0.0.1:99999").find("names no port") != std::string::npos);
    CHECK(shown("unix:/" + std::string(200, 'x')).find("is longer than") != std::string::npos);
}

TEST_CASE("conditions that are none are explained") {
    CHECK(problem("") == "There is no condition to wait for");
    CHECK(problem("connections") == "\"connections\" is no condition");
    CHECK(problem("connections >= many") == "\"connections >= many\" is no condition");
    CHECK(problem("sockets >= 1") == "\"sockets\" cannot be counted");
    CHECK(problem("closed >= 1") == "\"closed\" cannot be counted");
    CHECK(problem("established >= 1 peer=nobody") ==
          "There is no peer \"nobody\"; known are db, default.");
    CHECK(problem("state=asleep conn=1") == "There is no state \"asleep\"");
    CHECK(problem("state=established") ==
          "`state=…` needs `conn=N` behind it, the number of a connection");
    CHECK(problem("state=established conn=0") != "");
    CHECK(problem("rule nowhere") ==
          "`rule` needs FILE:LINE, as traces name rules, not \"nowhere\"");
    CHECK(problem("event=segment loudly") ==
          "Of an event only FIELD=VALUE can be asked, not \"loudly\"");
    CHECK(problem(std::string(2000, 'x')) == "The condition is longer than 1000 characters");
}

TEST_CASE("conditions follow the engine") {
    World world(test_settings(),
                {{{*wire::IpAddress::parse("198.18.0.2")}, {}, profile_of("service: echo\n")},
                 {{*wire::IpAddress::parse("198.18.0.9")}, {}, profile_of("service: echo\n")},
                 {{}, {}, profile_of("rules:\n  - {on: receive data, do: {log: x}}\n")}});
    peer::Engine& engine = world.engine;
    CHECK_FALSE(stands(engine, "connections >= 1").met);
    CHECK(stands(engine, "connections == 0").met);
    CHECK(stands(engine, "state=established conn=1").now == "connection 1 has not begun");
    Socket first(world, 40'000, "198.18.0.2");
    Socket second(world, 40'000, "198.18.0.3");
    first.connect();
    second.send_syn();
    CHECK(stands(engine, "connections >= 2").met);
    CHECK(stands(engine, "connections>1").met);
    CHECK(stands(engine, "established = 1").met);
    CHECK(stands(engine, "ESTABLISHED < 1").now == "established is 1");
    CHECK(stands(engine, "SYN_RECEIVED != 0 peer=default").met);
    CHECK(stands(engine, "established >= 1 peer=db").met);
    CHECK(stands(engine, "established >= 1 peer=0").met);
    CHECK_FALSE(stands(engine, "established >= 1 peer=default").met);
    CHECK(stands(engine, "attempts == 2").met);
    CHECK(stands(engine, "attempts <= 1 peer=db").met);
    CHECK(stands(engine, "state=established conn=1").met);
    CHECK(stands(engine, "state=SYN-RECEIVED conn=2").met);
    world.take();
    second.connect();
    CHECK_FALSE(stands(engine, "rule test.yaml:3").met);
    second.send_data("x");
    CHECK(stands(engine, "rule test.yaml:3 fired").met);
    CHECK_FALSE(stands(engine, "rule test.yaml:3 >= 2").met);
    CHECK(stands(engine, "rule test.yaml:99").now == "no profile in use has such a rule");
    first.send_rst();
    CHECK(stands(engine, "state=closed conn=1").met);
}

TEST_CASE("counts of one peer go through many connections in parts") {
    World world(test_settings(), {{{}, {}, profile_of("service: echo\n")}});
    for (std::uint16_t i = 0; i < 1500; ++i) {
        Socket(world, static_cast<std::uint16_t>(20'000 + i)).connect();
    }
    control::Look look(*parse_condition("established == 1500 peer=db", names));
    CHECK(look.heavy());
    for (int round = 0; round < 2; ++round) {
        control::Standing standing;
        int steps = 0;
        do {
            standing = look.step(world.engine);
            ++steps;
        } while (standing.more);
        CHECK(standing.met);
        CHECK(steps > 10);
    }
}

TEST_CASE("events are recognised by their fields") {
    const std::string_view line =
        R"({"t":0.1,"event":"segment","conn":12,"kind":"rst","rule":{"file":"a.yaml","line":7}})";
    CHECK(seen("event=segment", line));
    CHECK(seen("event=segment kind=rst conn=12", line));
    CHECK(seen("event=segment rule.line=7", line));
    CHECK_FALSE(seen("event=segment conn=1", line));
    CHECK_FALSE(seen("event=state", line));
    CHECK_FALSE(seen("event=segment reason=rst", line));
    CHECK_FALSE(seen("event=segment kind.x=rst", line));
    CHECK_FALSE(seen("event=segment", "{broken segment"));
}

TEST_CASE("the log hands on what it has, and counts what it had to let go") {
    control::EventLog log;
    CHECK(log.newest() == 0);
    CHECK(log.read(0).lines.empty());
    log.add("one\n");
    log.add("two");
    auto part = log.read(0);
    CHECK(part.first == 1);
    CHECK(part.lost == 0);
    CHECK(part.lines == std::deque<std::string>{"one", "two"});
    CHECK_FALSE(part.end);
    part = log.read(1);
    CHECK(part.first == 2);
    CHECK(part.lines.size() == 1);
    CHECK(log.read(2).lines.empty());
    CHECK(log.read(1'000'000).lines.empty());  // an id of another run

    for (std::size_t i = 0; i < control::EventLog::most_events; ++i) {
        log.add("more");
    }
    part = log.read(1);
    CHECK(part.lost == 1);
    CHECK(part.first == 3);
    CHECK(part.lines.front() == "more");
    const std::string large(control::EventLog::most_bytes / 2, 'x');
    for (int i = 0; i < 5; ++i) {
        log.add(large);
    }
    part = log.read(log.newest() - 3);
    CHECK(part.lines.size() == 1);
    CHECK(part.lost == 1);
    log.close();
    CHECK(log.read(log.newest()).end);
}

TEST_CASE(
    "the desk carries on with tasks that take several turns, and tells those left at its end") {
    peer::Engine engine(test_settings(), {{{}, {}, profile_of("service: echo\n")}});
    control::Desk desk;
    CHECK_FALSE(desk.next_deadline());
    int steps = 0;
    std::atomic<bool> told = false;
    using Turn = control::Turn;
    std::thread client([&] {
        CHECK(desk.run([&](peer::Engine&, Instant now) {
            switch (++steps) {
                case 1: return Turn{Turn::Next::again, {}};
                case 2: return Turn{Turn::Next::news, now + 1h};
                case 3: return Turn{Turn::Next::rest, now + 1s};
                default: return Turn{};
            }
        }) == control::Desk::Outcome::done);
        told = true;
        CHECK(desk.run([](peer::Engine&, Instant) {
            return Turn{Turn::Next::rest, Instant::max()};
        }) == control::Desk::Outcome::closed);
        CHECK(desk.run([](peer::Engine&, Instant) { return Turn{}; }) ==
              control::Desk::Outcome::closed);
    });
    Instant now = run_start;
    while (steps < 2) {
        desk.serve(engine, now);
    }
    CHECK(desk.next_deadline() == now + 1h);
    desk.serve(engine, now);
    CHECK(steps == 2);
    desk.news();
    CHECK(desk.next_deadline() == run_start);
    desk.serve(engine, now);
    CHECK(steps == 3);
    desk.news();
    now += 1s - 1ns;
    desk.serve(engine, now);
    CHECK(steps == 3);
    now += 1ns;
    desk.serve(engine, now);
    CHECK(steps == 4);
    // The task is done, but its client is told nothing before the segments have left.
    CHECK_FALSE(told);
    desk.answer();
    while (!desk.next_deadline()) {
        desk.serve(engine, now);
    }
    CHECK(told);
    desk.close();
    client.join();
}

TEST_CASE("the description has every path and method that there is, and no other") {
    control::Desk desk;
    control::EventLog log;
    scopes::Scopes scopes(nullptr);
    control::Context context(desk, log, names, scopes);
    control::Router router(context, std::nullopt, false);
    const auto response = router.handle({"GET", "/openapi.json", {}, {}});
    const auto api = nlohmann::json::parse(response.body);
    std::set<std::string> described;
    for (const auto& [path, methods] : api["paths"].items()) {
        for (const auto& [method, operation] : methods.items()) {
            std::string upper = method;
            std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
            described.insert(fmt::format("{} {}", upper, path));
            CHECK(operation.contains("summary"));
        }
    }
    std::set<std::string> routed;
    for (const auto& route : control::routes()) {
        routed.insert(fmt::format("{} {}", route.method, route.path));
    }
    CHECK(described == routed);
}

TEST_CASE("on TCP the token, the host and the origin are looked at") {
    control::Desk desk;
    control::EventLog log;
    scopes::Scopes scopes(nullptr);
    control::Context context(desk, log, names, scopes);
    control::Router router(context, "secret-token", true);
    const auto status = [&](http::Fields headers) {
        const http::Request request{"GET", "/openapi.json", std::move(headers), {}};
        const auto refusal = router.admit(request);
        return refusal ? refusal->status : router.handle(request).status;
    };
    CHECK(status({{"Host", "127.0.0.1:8000"}, {"Authorization", "Bearer secret-token"}}) == 200);
    CHECK(status({{"host", "[::1]:8000"}, {"authorization", "Bearer secret-token"}}) == 200);
    CHECK(status({{"Host", "localhost"}, {"Authorization", "Bearer secret-token"}}) == 200);
    CHECK(status({{"Host", "localhost"}}) == 401);
    CHECK(status({{"Host", "localhost"}, {"Authorization", "Bearer other-token!"}}) == 401);
    CHECK(status({{"Host", "localhost"}, {"Authorization", "secret-token"}}) == 401);
    CHECK(status({{"Authorization", "Bearer secret-token"}}) == 403);
    CHECK(status({{"Host", "rebound.example:8000"}, {"Authorization", "Bearer secret-token"}}) ==
          403);
    CHECK(status({{"Host", "127.0.0.1.evil.example"}, {"Authorization", "Bearer secret-token"}}) ==
          403);
    CHECK(status({{"Host", "localhost"},
                  {"Origin", "http://localhost"},
                  {"Authorization", "Bearer secret-token"}}) == 403);
    CHECK(router.refuse(413).body.find("1 MiB") != std::string::npos);
}
