// The judge takes a record: from an engine, or as somebody else tells it.
#include "support/outcome_harness.hpp"

#include <climits>
#include <memory>
#include <utility>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// A record made by hand: one connection from its beginning.
class Told {
  public:
    explicit Told(const std::string& expect, Duration rtt = {}) {
        event::Run run;
        run.rtt = rtt;
        tell(0s, std::make_shared<const event::Run>(run));
        event::Profile profile;
        profile.number = 1;
        profile.profile = profile_of("expect: [" + expect + "]\n");
        tell(0s, std::make_shared<const event::Profile>(std::move(profile)));
        const wire::Flow flow{{*wire::IpAddress::parse("198.18.0.2"), 80},
                              {*wire::IpAddress::parse("198.18.0.1"), 40'000}};
        on_connection(0s, event::Attempt{flow, std::nullopt});
        on_connection(0s, event::Start{flow, false, 1, 1});
    }

    template <typename What>
    void tell(Duration at, What&& what) {
        judge_.record({run_start + at, 0, 0, std::forward<What>(what), ++last_});
    }
    template <typename What>
    void on_connection(Duration at, What&& what) {
        judge_.record({run_start + at, 1, 1, std::forward<What>(what), ++last_});
    }
    void arrives(Duration at, tcp::Kind kind, std::uint64_t received = 0) {
        event::Segment segment;
        segment.kind = kind;
        segment.state = tcp::State::established;
        segment.received = received;
        on_connection(at, segment);
    }
    void leaves(Duration at, tcp::Reason reason, Duration made) {
        event::Segment segment;
        segment.direction = event::Direction::out;
        segment.fate = event::Fate::sent;
        segment.reason = reason;
        segment.made = run_start + made;
        on_connection(at, segment);
    }
    void enters(Duration at, tcp::State state) {
        on_connection(at, event::State{tcp::State::listen, state});
    }
    /// The next event gets this number: it began earlier than others that were told.
    void number(event::EventId id) { last_ = id - 1; }

    [[nodiscard]] judge::ExpectationResult ends(Duration at) {
        tell(at, std::make_shared<const event::Tally>(event::Tally{1, 1, {}, {}}));
        tell(at, std::make_shared<const event::End>());
        CHECK(judge_.over());
        return judge_.summary().profiles.at(0).expectations.at(0);
    }

  private:
    judge::Judge judge_;
    event::EventId last_ = 0;
};

}  // namespace

TEST_CASE("judge: silence is seen when it ends, in the state that it was in") {
    Told idle("{see: idle 2s, when: {state: established}}");
    idle.enters(1s, tcp::State::established);
    idle.arrives(1500ms, tcp::Kind::data);
    idle.arrives(3s, tcp::Kind::data);
    idle.enters(9s, tcp::State::closed);
    const auto result = idle.ends(20s);
    REQUIRE(result.seen == 1);
    CHECK(result.sightings.at(0).at == run_start + 5s);
}

TEST_CASE("judge: silence at the end counts up to the run's conclusion") {
    for (const bool concluded : {false, true}) {
        Told idle("{see: idle 5s}");
        idle.enters(1s, tcp::State::established);
        if (concluded) {
            idle.tell(3s, event::Conclusion{});
        }
        idle.arrives(9s, tcp::Kind::data);
        CHECK(idle.ends(10s).seen == (concluded ? 0 : 1));
    }
}

TEST_CASE("judge: a number of bytes is reached in the state that their segment led to") {
    Told total("{see: received 100, when: {state: close-wait}}");
    total.enters(1s, tcp::State::established);
    total.arrives(2s, tcp::Kind::data, 99);
    total.arrives(3s, tcp::Kind::fin, 200);
    total.enters(3s, tcp::State::close_wait);
    total.arrives(4s, tcp::Kind::ack, 200);
    const auto result = total.ends(5s);
    REQUIRE(result.seen == 1);
    CHECK(result.sightings.at(0).at == run_start + 3s);
}

TEST_CASE("judge: copies and late deliveries are not seen again") {
    Told data("{see: receive data, times: 2}");
    data.arrives(1s, tcp::Kind::data);
    event::Segment copy;
    copy.kind = tcp::Kind::data;
    copy.fate = event::Fate::duplicated;
    data.on_connection(1s, copy);
    copy.fate = event::Fate::dropped;
    data.on_connection(2s, copy);
    CHECK(data.ends(3s).seen == 2);
}

TEST_CASE("judge: with a round trip what leaves counts as of when it was made") {
    const auto gap = [](Duration rtt, Duration made) {
        Told told("{see: receive data, within: 0s..100ms of send syn-ack, tolerance: 0s}", rtt);
        told.number(11);
        told.arrives(made + 50ms, tcp::Kind::data);
        told.number(10);
        told.leaves(made + rtt, tcp::Reason::syn_ack, made);
        return told.ends(60s).seen;
    };
    CHECK(gap(200ms, 1s) == 1);
    // Without one the order of the record is that of what happened.
    CHECK(gap(0s, 1s) == 0);
}

TEST_CASE("judge: an engine's record with a round trip") {
    auto settings = test_settings();
    settings.rtt = 200ms;
    World world("expect: [{see: send syn-ack, within: 0s..50ms of receive syn, tolerance: 0s}]\n",
                settings);
    Socket(world).send_syn();
    world.until(5s);
    CHECK(failures_of(world).empty());
}

TEST_CASE("judge: a command is heard by every open connection") {
    World world("expect: [{see: command x, times: 2}]\n");
    Socket(world, 40'000).connect();
    Socket(world, 40'001).connect();
    Socket gone(world, 40'002);
    gone.connect();
    gone.send_rst();
    world.engine.fire("x", world.now);
    CHECK(failures_of(world).empty());
}

TEST_CASE("judge: without segments the end of the first connections is known all the same") {
    auto settings = test_settings();
    settings.segment_events = false;
    World world("", settings);
    for (std::uint16_t port = 40'000; port < 40'100; ++port) {
        Socket socket(world, port);
        socket.connect();
        socket.send_rst();
    }
    CHECK(world.all<event::Start>().size() == 64);
    CHECK(world.all<event::Segment>().empty());
    tell_complete(world);
    const auto run = summary_of(world);
    CHECK(run.attempts.size() == 100);
    REQUIRE(run.attempts.at(63).program);
    CHECK(run.attempts.at(63).program->manner == judge::ProgramEnd::Manner::by_reset);
    CHECK_FALSE(run.attempts.at(64).program);
}

TEST_CASE("judge: of a tally's rules those are kept that its profile has") {
    judge::Judge judge;
    event::Profile profile;
    profile.number = 1;
    profile.profile = profile_of("rules: [{on: receive data, do: drop}]\n");
    const auto tell = [&](auto what) {
        judge.record({run_start, 0, 0, std::make_shared<const decltype(what)>(std::move(what))});
    };
    tell(profile);
    tell(event::Tally{1, 1, {}, std::vector<event::RuleStatistics>(1000)});
    tell(event::Tally{2, 1, {}, std::vector<event::RuleStatistics>(1000)});
    tell(event::End());
    REQUIRE(judge.summary().profiles.size() == 1);
    CHECK(judge.summary().profiles.at(0).rules.size() == 1);
}

TEST_CASE("judge: what is beyond as many profiles as are judged is no pass in silence") {
    judge::Judge judge;
    event::Profile profile;
    profile.profile = profile_of("");
    const auto tell = [&](auto what) {
        judge.record({run_start, 0, 0, std::make_shared<const decltype(what)>(std::move(what))});
    };
    for (profile.number = 1; profile.number <= 10'002; ++profile.number) {
        tell(profile);
    }
    tell(event::End());
    const auto verdict = judge.verdict();
    REQUIRE(verdict.lost.size() == 1);
    CHECK(verdict.lost.at(0).sentence.starts_with("2 of the profiles"));
    CHECK_FALSE(verdict.pass);
}

TEST_CASE("judge: a signal of which no system knows ends with a status all the same") {
    judge::Judge judge;
    event::Exit exit;
    exit.signal = INT_MAX;
    judge.record({run_start, 0, 0, exit});
    judge.record({run_start, 0, 0, std::make_shared<const event::End>()});
    CHECK(judge.verdict().status == 255);
}
