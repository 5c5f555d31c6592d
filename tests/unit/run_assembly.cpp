// A run put together without COMMAND: what ends it, and what it says of itself.
#include "run/assembly.hpp"

#include "run/observers.hpp"
#include "setup/engine_setup.hpp"
#include "setup/serve_options.hpp"
#include "support/fake_link.hpp"
#include "support/peer_harness.hpp"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

struct Kept final : event::Sink {
    explicit Kept(std::vector<event::Event>& into) : events(into) {}
    void record(const event::Event& event) override { events.push_back(event); }
    std::vector<event::Event>& events;
};

/// What `serve` has when its link is open.
struct Served {
    explicit Served(const std::string& body) {
        options.trace = setup::TraceChoice::none;
        peers.specs.push_back({{}, {}, profile_of(body)});
        sinks.add(std::make_unique<Kept>(events));
    }
    [[nodiscard]] run::Surroundings surroundings() {
        return {options, peers, 7, clock, signals, sinks, link, link.mtu(), nullptr};
    }
    [[nodiscard]] std::vector<std::string> notices() const {
        std::vector<std::string> texts;
        for (const auto& event : events) {
            if (const auto* notice = std::get_if<event::Notice>(&event.what)) {
                texts.push_back(notice->text);
            }
        }
        return texts;
    }

    setup::ServeOptions options;
    setup::Peers peers;
    loop::Clock clock;
    loop::SignalReader signals;
    std::vector<event::Event> events;
    loop::Sinks sinks;
    FakeLink link;
};

[[nodiscard]] Segment a_syn() {
    Segment segment;
    segment.source = {*wire::IpAddress::parse("198.18.0.1"), 40'000};
    segment.destination = {*wire::IpAddress::parse("198.18.0.2"), 80};
    segment.flags.bits = Flags::syn;
    segment.window = 64240;
    return segment;
}

}  // namespace

TEST_CASE("--timeout ends a run, and the record and the verdict say so") {
    Served served("");
    served.options.timeout = 10ms;
    run::Assembly assembly(served.surroundings());
    REQUIRE_FALSE(assembly.problem());
    served.link.comes(a_syn());
    const run::Outcome outcome = assembly.run();
    CHECK(outcome.ended == event::Ended::timeout);
    CHECK_FALSE(outcome.failure);
    auto end = assembly.sum_up(outcome, served.clock.now());
    CHECK(end.ended == event::Ended::timeout);
    const auto verdict = assembly.tell(std::move(end), served.clock.now());
    CHECK(verdict.status == 124);
    CHECK(verdict.attempts == 1);
    CHECK(verdict.seed == 7);
    REQUIRE_FALSE(served.events.empty());
    const auto* begun = std::get_if<std::shared_ptr<const event::Run>>(&served.events[0].what);
    REQUIRE(begun != nullptr);
    CHECK((*begun)->link == "a link that leads nowhere");
    CHECK((*begun)->served);
    REQUIRE_FALSE(served.link.left().empty());
    CHECK(assembly.close_control());
}

TEST_CASE("a signal ends a run without COMMAND, unless somebody takes it") {
    Served served("");
    served.options.timeout = 2s;
    run::Assembly assembly(served.surroundings());
    std::vector<int> offered;
    assembly.ending().offer_signals([&](int number, Instant) {
        offered.push_back(number);
        if (number == SIGHUP) {
            ::raise(SIGTERM);
            return true;
        }
        return false;
    });
    ::raise(SIGHUP);
    const run::Outcome outcome = assembly.run();
    CHECK(outcome.ended == event::Ended::signal);
    CHECK(outcome.signal == SIGTERM);
    CHECK(offered == std::vector{SIGHUP, SIGTERM});
}

TEST_CASE("a `finish` action ends a run without COMMAND at once") {
    Served served("rules:\n  - {on: receive syn, do: finish}\n");
    served.options.timeout = 2s;
    run::Assembly assembly(served.surroundings());
    served.link.comes(a_syn());
    CHECK(assembly.run().ended == event::Ended::finish);
}

TEST_CASE("--for ends a run in good order") {
    Served served("");
    served.options.timeout = 20s;
    served.options.run_for = 50ms;
    run::Assembly assembly(served.surroundings());
    CHECK(assembly.run().ended == event::Ended::run_for);
}

TEST_CASE("a run without COMMAND needs its link") {
    Served served("");
    served.options.timeout = 2s;
    run::Assembly assembly(served.surroundings());
    served.link.goes();
    const run::Outcome outcome = assembly.run();
    REQUIRE(outcome.failure);
    CHECK(outcome.failure->find("the link is gone") != std::string::npos);
}

TEST_CASE("planned commands are fired in their order, and said where nobody waits for them") {
    Served served("");
    served.options.timeout = 10ms;
    served.options.fires = {{"late", 4ms}, {"first", 1ms}, {"second", 1ms}};
    run::Assembly assembly(served.surroundings());
    static_cast<void>(assembly.run());
    const auto notices = served.notices();
    REQUIRE(notices.size() == 3);
    CHECK(notices[0].find("`first`") != std::string::npos);
    CHECK(notices[1].find("`second`") != std::string::npos);
    CHECK(notices[2].find("`late`") != std::string::npos);
}

TEST_CASE("events of the engine and of others have numbers of one series") {
    Served served("");
    served.options.timeout = 5ms;
    run::Assembly assembly(served.surroundings());
    served.sinks.notice(served.clock.now(), "command-line", "A remark.");
    served.link.comes(a_syn());
    static_cast<void>(assembly.run());
    std::vector<event::EventId> ids;
    for (const auto& event : served.events) {
        ids.push_back(event.id);
    }
    std::sort(ids.begin(), ids.end());
    CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    CHECK(ids.size() > 2);
}

TEST_CASE(
    "a run says of itself what cannot be watched, and what its command line made remarkable") {
    Served served("expect:\n  - outcome: closed\n");
    served.peers.remarks = {"A remark."};
    run::Assembly assembly(served.surroundings());
    assembly.tell_remarks();
    const auto notices = served.notices();
    REQUIRE(notices.size() == 2);
    CHECK(notices[0] == "A remark.");
    CHECK(notices[1].find("cannot be watched") != std::string::npos);
}

TEST_CASE("whatever a trace shows, the engine tells it; with -q it tells no more than is asked") {
    using setup::TraceChoice;
    Served served("");
    for (const auto choice : {TraceChoice::all, TraceChoice::faults, TraceChoice::states}) {
        served.options.trace = choice;
        CHECK(setup::make_settings(served.options, served.peers, 1).segment_events);
    }
    served.options.trace = TraceChoice::none;
    CHECK_FALSE(setup::make_settings(served.options, served.peers, 1).segment_events);
}
