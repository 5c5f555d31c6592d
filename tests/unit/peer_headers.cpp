// Conditions on headers, `within` of rules, `hold`: in virtual time.
#include "profile_samples.hpp"
#include "support/expect_harness.hpp"

#include <functional>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using event::Direction;
using event::Fate;

namespace {

/// Does `when` let through a segment of ten bytes that `change` has changed?
bool holds(const std::string& when, const std::function<void(Segment&)>& change = {}) {
    World world("rules:\n  - {on: receive any, when: {length: 10, " + when +
                "}, do: drop, optional: true}\n");
    Socket socket(world);
    socket.connect();
    Segment data = socket.segment(Flags::ack | Flags::psh);
    data.payload.assign(10, 'x');
    if (change) {
        change(data);
    }
    world.arrives(data);
    return !world.segments(Direction::in, Fate::dropped).empty();
}

/// The payloads of data that have come to the peer's TCP, in their order.
std::string taken(const World& world) {
    std::string text;
    for (const auto& one : world.segments(Direction::in, Fate::accepted)) {
        text.append(one.segment.payload.begin(), one.segment.payload.end());
    }
    return text;
}

}  // namespace

TEST_CASE("seq and ack are numbers of the trace, or sums of the wire's") {
    CHECK(holds("seq: 1"));
    CHECK_FALSE(holds("seq: 2"));
    CHECK(holds("seq: 0..1, ack: 1"));
    CHECK(holds("seq: '>= 1'"));
    CHECK_FALSE(holds("seq: '> 1'"));
    CHECK(holds("seq: '< 2'"));
    CHECK(holds("seq: rcv.nxt, ack: snd.nxt"));
    CHECK(holds("seq: irs+1, ack: iss+1"));
    CHECK_FALSE(holds("seq: '> rcv.nxt'"));
    CHECK(holds("seq: rcv.nxt-5..rcv.nxt+5"));
    CHECK(holds("seq: '-1'", [](Segment& data) { data.seq -= 2; }));
    CHECK(holds("seq: '< rcv.nxt'", [](Segment& data) { data.seq -= 2; }));
    CHECK_FALSE(holds("ack: 1", [](Segment& data) { data.flags.bits = Flags::psh; }));
}

TEST_CASE("the window is in bytes") {
    CHECK(holds("window: 64240"));
    CHECK(holds("window: '< 65536'"));
    CHECK_FALSE(holds("window: '< 1000'"));
    CHECK(holds("window: snd.wnd"));
}

TEST_CASE("flags among others") {
    CHECK(holds("has: P"));
    CHECK(holds("has: [P, A], lacks: FS"));
    CHECK_FALSE(holds("has: [F]"));
    CHECK_FALSE(holds("lacks: P"));
}

TEST_CASE("options by name and by number") {
    const auto with = [](Segment& data) {
        data.options.timestamps = wire::Timestamps{1, 2};
        data.options.sack = {{SeqNum(data.ack + 100), SeqNum(data.ack + 200)}};
    };
    CHECK(holds("option: timestamps", with));
    CHECK(holds("option: [timestamps, 5], no_option: [mss, 34]", with));
    CHECK_FALSE(holds("option: 8"));
    CHECK_FALSE(holds("no_option: sack", with));
    CHECK(holds("sack: true", with));
    CHECK(holds("sack: false"));
    CHECK(holds("sack: [[101, 201]]", with));
    CHECK(holds("sack: [[snd.nxt+100, snd.nxt+200]]", with));
    CHECK_FALSE(holds("sack: [[100, 201]]", with));
    CHECK_FALSE(holds("mss: 0..", with));
    CHECK(holds("mss: 536", [](Segment& data) { data.options.mss = 536; }));
    CHECK(holds("window_scale: 3..4", [](Segment& data) { data.options.window_scale = 3; }));
}

TEST_CASE("what the IP header says") {
    CHECK(holds("ttl: 64, tos: 0, df: true, ecn: not-ect"));
    CHECK(holds("ttl: '< 10'", [](Segment& data) { data.ttl = 9; }));
    CHECK(holds("ecn: ce, tos: 7", [](Segment& data) { data.tos = 7; }));
    CHECK(holds("df: false", [](Segment& data) { data.dont_fragment = false; }));
    CHECK(holds("id: 4711", [](Segment& data) { data.ip_id = 4711; }));
    CHECK(holds("urgent: 5, has: U", [](Segment& data) {
        data.flags.bits |= Flags::urg;
        data.urgent = 5;
    }));
    CHECK_FALSE(holds("urgent: 0.."));
}

TEST_CASE("of what the peer sends, snd.nxt is the segment's own number") {
    World world(
        "service: echo\n"
        "rules:\n  - {on: send data, when: {seq: snd.nxt, ack: rcv.nxt}, do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(world.segments(Direction::out, Fate::dropped).size() == 1);
}

TEST_CASE("a header that came close is told") {
    World world("rules:\n  - {on: receive data, when: {seq: '>= 100'}, do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(world.rule(0).closest == "the nearest `seq` was 1");
}

TEST_CASE("within of a rule counts from another event of the connection") {
    World world(
        "rules:\n"
        "  - {on: receive data, within: '>= 300ms of receive data', do: drop}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");
    CHECK(world.segments(Direction::in, Fate::dropped).empty());
    CHECK(world.rule(0).closest == "the event of `within` had not come");
    world.pass(299ms);
    socket.send_data("b");
    CHECK(world.segments(Direction::in, Fate::dropped).empty());
    world.pass(300ms);
    socket.send_data("c");
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 1);
}

TEST_CASE("within of the first time, and of what has left") {
    World world(
        "service: echo\n"
        "rules:\n"
        "  - {on: receive data, within: 1s of first send data, do: {log: soon}}\n"
        "  - {on: receive data, within: 1s of send data, nth: 2, do: {log: twice}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");  // nothing has left yet
    static_cast<void>(socket.receive());
    world.pass(600ms);
    socket.send_data("b");
    static_cast<void>(socket.receive());
    world.pass(600ms);
    socket.send_data("c");  // 1.2 s after the first, 0.6 s after the last
    CHECK(world.rule(0).fired == 1);
    CHECK(world.rule(1).fired == 1);
}

TEST_CASE("a segment that never left is no time to count from") {
    World world(
        "service: echo\n"
        "rules:\n"
        "  - {on: send data, first: 1, do: drop}\n"
        "  - {on: receive data, within: 1s of send data, do: {log: soon}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("a");
    socket.send_data("b");
    CHECK(world.rule(1).fired == 0);
}

TEST_CASE("what is held goes on behind the event") {
    World world("rules:\n  - {on: receive data, first: 2, do: {hold: until receive fin}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("ab");
    socket.send_data("cd");
    world.pass(10s);
    CHECK(taken(world).empty());
    CHECK(world.segments(Direction::in, Fate::delayed).size() == 2);
    socket.send_fin();
    world.pass(0s);
    CHECK(taken(world) == "abcd");
    CHECK(world.rule(0).fired == 2);
    CHECK(world.take().back().ack == socket.snd_nxt);
}

TEST_CASE("what is held leaves in order, or the last one first") {
    for (const bool reversed : {false, true}) {
        CAPTURE(reversed);
        World world(
            std::string("rules:\n"
                        "  - {on: enter established, do: [{say: a}, {say: b}, {say: c}]}\n"
                        "  - {on: send data, first: 3, do: {hold: {until: received 6, release: ") +
            (reversed ? "reversed" : "in-order") + "}}}\n");
        Socket socket(world);
        socket.connect();
        CHECK(world.take().empty());
        socket.send_bytes(6);
        world.pass(0s);
        std::string payload;
        for (const auto& segment : world.take()) {
            payload.append(segment.payload.begin(), segment.payload.end());
        }
        CHECK(payload.find(reversed ? "cba" : "abc") != std::string::npos);
    }
}

TEST_CASE("what is held for ever is bounded, and goes with its connection") {
    auto settings = test_settings();
    settings.max_buffered = 100;
    World world("rules:\n  - {on: receive data, do: {hold: until command never}}\n", settings);
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 30; ++i) {
        socket.send_bytes(10);
    }
    CHECK(world.segments(Direction::in, Fate::delayed).size() == 10);
    CHECK(world.segments(Direction::in, Fate::dropped).size() == 20);
}

TEST_CASE("an expectation looks at the same conditions") {
    const auto failures = [](const std::string& when) {
        World world("expect:\n  - {see: receive data, when: {" + when + "}, times: 1}\n");
        Socket socket(world);
        socket.connect();
        socket.send_data("abc");
        socket.send_data("def");
        return failures_of(world);
    };
    CHECK(failures("seq: 4").empty());
    CHECK(failures("seq: irs+4, ack: iss+1").empty());
    CHECK(failures("seq: '< 4', has: P, window: 64240, ttl: 64, id: 0, df: true").empty());
    CHECK(failures("seq: 5").find("the nearest `seq` was 4") != std::string::npos);
    World world("service: echo\nexpect:\n  - {see: send data, when: {seq: 1, ack: 4}}\n");
    Socket socket(world);
    socket.connect();
    socket.send_data("abc");
    CHECK(failures_of(world).empty());
}

TEST_CASE("conditions on headers that cannot be") {
    const auto filter = [](const std::string& text) {
        return rule_problems("{on: receive data, do: drop, " + text + "}");
    };
    CHECK(filter("when: {seq: nxt}").find("there is no sequence number `nxt`") !=
          std::string::npos);
    CHECK(filter("when: {seq: '..'}").find("`seq` takes a sequence number or a range") !=
          std::string::npos);
    CHECK(filter("when: {has: ''}").find("`has` names no flag") != std::string::npos);
    CHECK(filter("when: {has: PA, lacks: A}") ==
          "`has` and `lacks` name the same flag, so that neither holds\n");
    CHECK(filter("when: {option: 1}") ==
          "the kinds of options are from 2 to 255; 0 and 1 only fill\n");
    CHECK(filter("when: {option: fastopen}").find("did you mean `fast-open`?") !=
          std::string::npos);
    CHECK(filter("when: {option: 34, no_option: fast-open}") ==
          "`option` and `no_option` name the same one\n");
    CHECK(filter("when: {sack: [[1]]}") ==
          "a block of `sack` is a list of its left and right edge\n");
    CHECK(filter("when: {ttl: 256}") == "`ttl` can never be `256`: it is from 0 to 255\n");
    CHECK(filter("within: 5s").find("needs what it counts from") != std::string::npos);
    CHECK(rule_problems("{on: start, do: {log: x}, when: {seq: 1}}") ==
          "the filter `seq` needs a segment, and `start` has none\n");
    CHECK(rule_problems("{on: receive data, do: {hold: 5s}}")
              .find("`hold` takes what it waits for, as in `hold: until receive fin`") !=
          std::string::npos);
    CHECK(rule_problems("{on: receive data, do: {hold: until receive fun}}")
              .find("did you mean `fin`?") != std::string::npos);
    CHECK(rule_problems("{on: start, do: {hold: until receive fin}}") ==
          "`hold` needs a segment, and `start` has none\n");
    CHECK(errors_of("summary: x\nexpect:\n  - {see: receive data, when: {seq: rcv.nxt}}\n")
              .find("an expectation is judged by the record, which knows `iss`, `irs` and") !=
          std::string::npos);
}
