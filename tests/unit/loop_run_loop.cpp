// The loop and its parts over a link that leads nowhere, in real time: milliseconds of it.
#include "loop/run_loop.hpp"

#include "ghostpeer/peer/upstream.hpp"
#include "support/fake_link.hpp"
#include "support/peer_harness.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

/// A part that does what the test says.
struct Puppet : loop::Part {
    std::function<bool(Instant)> when_attended = [](Instant) { return true; };
    std::function<void()> when_delivered = [] {};
    std::function<void(Instant)> when_asked = [](Instant) {};
    std::optional<Instant> deadline;
    std::optional<Duration> delay;  ///< a deadline so long after the loop began
    std::optional<std::string> problem;
    Bell* bell = nullptr;
    bool ends = false;
    bool follows = false;
    bool is_lively = false;
    bool waits = false;
    int attended = 0;
    int batches = 0;
    std::vector<Instant> concluded;
    Instant begun{};

    [[nodiscard]] int fd() const noexcept override { return bell != nullptr ? bell->fd() : -1; }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return deadline;
    }
    [[nodiscard]] bool lively() const noexcept override { return is_lively; }
    void begin(Instant now) override {
        begun = now;
        if (delay) {
            deadline = now + *delay;
        }
    }
    bool attend(Instant now) override {
        ++attended;
        return when_attended(now);
    }
    void delivered() override { when_delivered(); }
    [[nodiscard]] std::optional<std::string> failure() const override { return problem; }
    [[nodiscard]] bool over() const noexcept override { return ends; }
    [[nodiscard]] bool awaits_more() const noexcept override { return waits; }
    [[nodiscard]] bool follows_packets() const noexcept override { return follows; }
    void packets_came(Instant) override { ++batches; }
    void carry_out(Instant now) override { when_asked(now); }
    void conclude(Instant now) override { concluded.push_back(now); }
};

struct Record final : event::Sink {
    explicit Record(std::vector<event::Event>& into) : events(into) {}
    void record(const event::Event& event) override { events.push_back(event); }
    std::vector<event::Event>& events;
};

/// The peer's side of the world, and one part that ends the run after 20 ms at the latest.
struct Stage {
    explicit Stage(const std::string& body = "", bool needs_link = false)
        : engine(test_settings(), {peer::PeerSpec{{}, {}, profile_of(body)}}),
          loop({clock, engine, link, sinks, true, needs_link}) {
        sinks.add(std::make_unique<Record>(events));
        end.delay = 20ms;
        end.when_attended = [this](Instant) { return end.ends = true; };
    }
    /// Adds them and runs.
    void play(const std::vector<loop::Part*>& parts) {
        for (loop::Part* part : parts) {
            loop.add(*part);
        }
        loop.add(end);
        REQUIRE_FALSE(loop.problem());
        loop.run();
    }
    [[nodiscard]] static Segment syn() {
        Segment segment;
        segment.source = {*wire::IpAddress::parse("198.18.0.1"), 40'000};
        segment.destination = {*wire::IpAddress::parse("198.18.0.2"), 80};
        segment.flags.bits = Flags::syn;
        segment.window = 64240;
        return segment;
    }

    loop::Clock clock;
    loop::Sinks sinks;
    std::vector<event::Event> events;
    FakeLink link;
    peer::Engine engine;
    loop::RunLoop loop;
    Puppet end;
};

}  // namespace

TEST_CASE("a part has its turn when its deadline has come, and not before") {
    Stage stage;
    Puppet part;
    Instant at{};
    part.delay = 5ms;
    part.when_attended = [&](Instant now) {
        at = now;
        part.deadline.reset();
        return true;
    };
    stage.play({&part});
    CHECK(part.attended == 1);
    CHECK(at >= part.begun + 5ms);
    CHECK_FALSE(stage.loop.failure());
}

TEST_CASE("a part has its turn when its descriptor is readable") {
    Stage stage;
    Bell bell;
    Puppet hears;
    Puppet rings;
    hears.bell = &bell;
    hears.when_attended = [&](Instant) {
        hears.ends = true;
        return bell.silence();
    };
    rings.delay = 1ms;
    rings.when_attended = [&](Instant) {
        rings.deadline.reset();
        bell.ring();
        return true;
    };
    stage.play({&hears, &rings});
    CHECK(hears.attended == 1);
    CHECK(stage.end.attended == 0);
}

TEST_CASE("a part that is as lively as the link is looked at as often while the loop is awake") {
    Stage stage;
    Puppet lively;
    Puppet soon;
    lively.is_lively = true;
    lively.when_attended = [](Instant) { return false; };
    soon.delay = 0ms;
    // So near a deadline the loop stays awake.
    soon.when_attended = [&](Instant now) {
        soon.deadline = now + 200us;
        return true;
    };
    stage.play({&lively, &soon});
    CHECK(lively.attended > 1);
}

TEST_CASE("a part that fails ends the run with its sentence; the first one counts") {
    Stage stage;
    Puppet first;
    Puppet second;
    first.delay = second.delay = 1ms;
    first.when_attended = [&](Instant) {
        first.problem = "The first part is broken.";
        return true;
    };
    second.when_attended = [&](Instant) {
        second.problem = "The second part is broken, too.";
        return true;
    };
    stage.play({&first, &second});
    CHECK(stage.loop.failure() == "The first part is broken.");
    CHECK(stage.end.attended == 0);
}

TEST_CASE("a part that cannot work keeps the run from beginning") {
    Stage stage;
    Puppet part;
    part.problem = loop::too_few_files();
    stage.loop.add(part);
    REQUIRE(stage.loop.problem());
    CHECK(stage.loop.problem()->find("ulimit -n") != std::string::npos);
}

TEST_CASE("what a part has led to has left and is told before the part hears so") {
    Stage stage("role: client\n");
    Puppet part;
    part.delay = 1ms;
    part.when_attended = [&](Instant now) {
        part.deadline.reset();
        const Segment syn = Stage::syn();
        stage.engine.dial({0, syn.destination.address, {syn.source.address, 8080}}, now);
        CHECK(stage.link.left().empty());
        return true;
    };
    std::size_t left = 0;
    std::size_t told = 0;
    part.when_delivered = [&] {
        left = stage.link.left().size();
        told = stage.events.size();
    };
    stage.play({&part});
    CHECK(left == 1);
    CHECK(told >= 2);  // the packet and the segment
}

TEST_CASE("a part without anything to do leads to nothing") {
    Stage stage;
    Puppet part;
    part.delay = 1ms;
    int delivered = 0;
    part.when_delivered = [&] { ++delivered; };
    part.when_attended = [&](Instant) {
        part.deadline.reset();
        return false;
    };
    stage.play({&part});
    CHECK(part.attended == 1);
    CHECK(delivered == 0);
}

TEST_CASE(
    "packets go to the engine, answers to the link, both into the record; who follows hears") {
    Stage stage;
    Puppet follower;
    Puppet other;
    follower.follows = true;
    stage.link.comes(Stage::syn());
    stage.play({&follower, &other});
    REQUIRE_FALSE(stage.link.left().empty());
    CHECK(stage.link.left()[0].flags.bits == (Flags::syn | Flags::ack));
    CHECK(follower.batches == 1);
    CHECK(other.batches == 0);
    std::string way;
    for (const auto& event : stage.events) {
        if (const auto* packet = std::get_if<event::Packet>(&event.what);
            packet && way.size() < 2) {
            way += packet->direction == event::Direction::in ? '>' : '<';
        }
    }
    CHECK(way == "><");
}

TEST_CASE("what the engine asks for is carried out at once, and its outcome leaves") {
    Stage stage("service: {relay: db.example:5432}\n");
    Puppet part;
    int asked = 0;
    std::size_t left_when_delivered = 0;
    part.when_delivered = [&] { left_when_delivered = stage.link.left().size(); };
    part.when_asked = [&](Instant now) {
        std::vector<peer::UpstreamRequest> requests;
        stage.engine.take_upstream_requests(requests);
        for (const auto& request : requests) {
            ++asked;
            stage.engine.upstream_connected(request.id, now);
        }
    };
    stage.link.comes(Stage::syn());
    stage.play({&part});
    CHECK(asked == 1);
    CHECK(left_when_delivered == 1);
    REQUIRE_FALSE(stage.link.left().empty());
    CHECK(stage.link.left()[0].flags.bits == (Flags::syn | Flags::ack));
}

TEST_CASE("a link that goes away ends the run where the run needs it, and else is told") {
    SUBCASE("needed") {
        Stage stage("", true);
        stage.link.goes();
        stage.play({});
        CHECK(stage.loop.failure() ==
              "the link is gone (a link that leads nowhere): nothing arrives.");
    }
    SUBCASE("not needed") {
        Stage stage;
        stage.link.goes();
        stage.play({});
        CHECK_FALSE(stage.loop.failure());
        std::erase_if(stage.events, [](const event::Event& event) {
            return !std::holds_alternative<event::Notice>(event.what);
        });
        REQUIRE(stage.events.size() == 1);
        CHECK(std::get<event::Notice>(stage.events[0].what).what == "link");
    }
}

TEST_CASE("a run is concluded once, and every part hears of it") {
    Stage stage;
    Puppet part;
    part.delay = 1ms;
    part.when_attended = [&](Instant now) {
        part.deadline.reset();
        stage.loop.conclude(now);
        return true;
    };
    stage.play({&part});
    REQUIRE(part.concluded.size() == 1);
    stage.loop.drain();
    CHECK(part.concluded.size() == 1);
    CHECK(stage.end.concluded.size() == 1);
}

TEST_CASE("a part that awaits what belongs to the run is given a moment after its end") {
    Stage stage;
    Bell bell;
    Puppet part;
    part.bell = &bell;
    part.waits = true;
    stage.play({&part});
    CHECK(part.attended == 0);
    SUBCASE("it comes") {
        bell.ring();
        part.when_attended = [&](Instant) { return part.waits = !bell.silence(); };
        stage.loop.drain();
        CHECK(part.attended == 1);
    }
    SUBCASE("it never comes") {
        const Instant began = stage.clock.now();
        stage.loop.drain();
        CHECK(stage.clock.now() - began >= 50ms);
        CHECK(part.attended > 1);
    }
}
