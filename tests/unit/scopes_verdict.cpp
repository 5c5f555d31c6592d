// Peers that come and go while the engine runs, and what a scope of them amounts to.
#include "judge/judge.hpp"
#include "scopes/judging.hpp"
#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// An engine whose record is heard by scopes.
struct Stage {
    World world{"service: echo\n"};
    scopes::Scopes scopes{std::make_shared<const event::Run>()};
    std::size_t heard = 0;

    /// Tells what has happened since.
    void tell() {
        world.collect();
        for (; heard < world.events.size(); ++heard) {
            scopes.record(world.events[heard]);
        }
    }
    std::size_t add(const std::string& body, const char* address, const std::string& scope,
                    std::optional<std::uint16_t> port = {}) {
        peer::PeerSpec spec;
        spec.addresses = {*wire::IpAddress::parse(address)};
        spec.port = port;
        spec.profile = profile_of(body);
        spec.name = address;
        spec.scope = scope;
        const auto index = world.engine.add_peer(std::move(spec), world.now);
        REQUIRE_MESSAGE(index, index.error());
        return *index;
    }
    void begin(const std::string& name) { REQUIRE_FALSE(scopes.begin(name, world.now)); }
    event::Verdict verdict(const std::string& name) {
        world.engine.conclude_scope(name, world.now);
        tell();
        return *scopes::judge_scope(scopes.look_at(name, world.engine, world.now)).verdict;
    }
};

constexpr const char* answers_data_with_reset = "rules: [{on: receive data, do: reset}]\n";

}  // namespace

TEST_CASE("a peer that comes is asked before those that are less particular") {
    Stage stage;
    stage.add("rules: [{on: receive syn, do: reset}]\n", "198.18.0.9", "", 80);
    Socket refused(stage.world, 40'000, "198.18.0.9", 80);
    refused.send_syn();
    CHECK(stage.world.take().at(0).flags.has(Flags::rst));
    Socket other_port(stage.world, 40'001, "198.18.0.9", 81);
    other_port.connect();

    const auto again = stage.add(answers_data_with_reset, "198.18.0.9", "");
    Socket of_the_new(stage.world, 40'002, "198.18.0.9", 81);
    of_the_new.connect();
    CHECK(stage.world.engine.attempts_of(again) == 1);
    stage.world.engine.remove_peer(again, stage.world.now);
    CHECK_FALSE(stage.world.engine.peer(again));
    CHECK(stage.world.engine.peers().size() == 2);
    Socket of_the_rest(stage.world, 40'003, "198.18.0.9", 81);
    of_the_rest.connect();
    CHECK(stage.world.engine.attempts_of(0) > 0);
    // The index is free again.
    CHECK(stage.add("", "198.18.0.10", "") == again);
}

TEST_CASE("two peers cannot be at one place, and a client cannot come") {
    Stage stage;
    stage.add("", "198.18.0.9", "", 80);
    peer::PeerSpec same;
    same.addresses = {*wire::IpAddress::parse("198.18.0.9")};
    same.port = 80;
    same.profile = profile_of("");
    CHECK_FALSE(stage.world.engine.add_peer(same, stage.world.now));
    same.port = 81;
    same.profile = profile_of("role: client\nclient: {port: 80}\n");
    CHECK_FALSE(stage.world.engine.add_peer(same, stage.world.now));
}

TEST_CASE("a scope is judged by what its own peers have met") {
    Stage stage;
    stage.begin("met");
    stage.begin("unmet");
    CHECK(stage.scopes.begin("met", stage.world.now));
    stage.add(answers_data_with_reset, "198.18.0.9", "met");
    stage.add(answers_data_with_reset, "198.18.0.10", "unmet");
    stage.tell();

    Socket socket(stage.world, 40'000, "198.18.0.9");
    socket.connect();
    socket.send_data("hello");
    stage.world.take();
    Socket elsewhere(stage.world, 40'001, "198.18.0.2");
    elsewhere.connect();
    stage.tell();

    const auto met = stage.verdict("met");
    CHECK(met.pass);
    CHECK(met.attempts == 1);
    CHECK(met.ended == "scope");
    REQUIRE(met.rules.size() == 1);
    CHECK(met.rules[0].fired == 1);
    const auto unmet = stage.verdict("unmet");
    CHECK_FALSE(unmet.pass);
    CHECK(unmet.attempts == 0);
    REQUIRE(unmet.failures.size() == 1);
    CHECK(stage.scopes.unasked().empty());

    // What a scope has is let go with it, and its connections are nobody's.
    stage.world.engine.end_scope("met", stage.world.now);
    stage.scopes.end("met");
    stage.tell();
    CHECK_FALSE(stage.scopes.has("met"));
    CHECK(stage.world.engine.scope_counts("met").tallies.empty());
    CHECK(stage.world.engine.live_connections() == 1);
    CHECK(stage.verdict("unmet").attempts == 0);
}

TEST_CASE("a scope's record is one of a run with its peers alone") {
    Stage stage;
    stage.begin("one");
    stage.add("expect: [{see: receive fin}]\n", "198.18.0.9", "one");
    stage.tell();
    Socket socket(stage.world, 40'000, "198.18.0.9");
    socket.connect();
    Socket other(stage.world, 40'001, "198.18.0.2");
    other.connect();
    stage.tell();
    CHECK_FALSE(stage.verdict("one").pass);
    socket.send_fin();
    const auto judged = [&] {
        stage.tell();
        return scopes::judge_scope(
            stage.scopes.look_at("one", stage.world.engine, stage.world.now));
    };
    const auto now = judged();
    CHECK(now.verdict->pass);
    const std::string lines = scopes::to_lines(now);
    CHECK(lines.find("198.18.0.9") != std::string::npos);
    CHECK(lines.find("198.18.0.2") == std::string::npos);
    CHECK(lines.find("\"event\":\"verdict\"") != std::string::npos);
    CHECK(scopes::to_trace(now).find("judged at") != std::string::npos);
}

TEST_CASE(
    "the run's own verdict leaves a scope's profiles out, and hears of one that was forgotten") {
    Stage stage;
    judge::Judge run;
    const auto tell_run = [&] {
        stage.world.collect();
        for (const auto& event : stage.world.events) {
            run.record(event);
        }
        stage.world.events.clear();
        stage.heard = 0;
    };
    stage.begin("forgotten");
    stage.add(answers_data_with_reset, "198.18.0.9", "forgotten");
    stage.tell();
    CHECK(stage.scopes.unasked() == std::vector<std::string>{"forgotten"});
    tell_run();
    event::End end;
    end.ended = event::Ended::finish;
    stage.world.engine.sum_up(stage.world.now);
    tell_run();
    SUBCASE("nothing of it is judged") {
        stage.world.told(std::make_shared<const event::End>(end));
        tell_run();
        CHECK(run.verdict().pass);
    }
    SUBCASE("it was told to have failed") {
        stage.world.told(event::Notice{"scope-failed", "The scope forgotten fails."});
        stage.world.told(std::make_shared<const event::End>(end));
        tell_run();
        CHECK_FALSE(run.verdict().pass);
    }
}
