#include "ghostpeer/event/verdict.hpp"
#include "show/events.hpp"
#include "show_samples.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sstream>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::show;
using namespace ghostpeer::show::test;
using nlohmann::json;
using wire::Flags;

namespace {

template <typename Drive>
std::string written(Drive drive) {
    const Pipe pipe;
    const auto stream = make_event_stream(pipe.file());
    drive(*stream);
    stream->flush();
    return pipe.take();
}

template <typename Drive>
json object(Drive drive) {
    return json::parse(written(drive));
}

json object_of(const event::Event& event) {
    return object([&](event::Sink& stream) { stream.record(event); });
}

}  // namespace

TEST_CASE("event stream: a SYN, as written") {
    auto syn = incoming(Flags::syn, 0, 0, tcp::Kind::syn);
    syn.segment.window = 64240;
    syn.window = 64240;
    syn.segment.options = syn_options();
    CHECK(written([&](event::Sink& stream) { stream.record(on_connection(21us, syn)); }) ==
          R"({"t":0.000021000,"event":"segment","conn":1,"attempt":1,"dir":"in","kind":"syn",)"
          R"("src":"198.18.0.1:40404","dst":"198.18.0.2:80","flags":"S","seq":0,"ack":0,)"
          R"("raw_seq":4294967280,"raw_ack":0,"len":0,"win":64240,"window":64240,)"
          R"("options":{"mss":1460,"window_scale":7,"sack_permitted":true,)"
          R"("timestamps":{"val":3012345678,"ecr":0}},"fate":"accepted"})"
          "\n");
}

TEST_CASE("event stream: a segment that is delayed across the wrap of its numbers") {
    auto data = outgoing(Flags::psh | Flags::ack, 5, 0x20, tcp::Reason::data);
    data.segment.payload = {'G', 'E', 'T', ' '};
    data.segment.options.sack = {{data.base.ack + 10, data.base.ack + 20},
                                 {data.base.ack + 30, data.base.ack + 40}};
    data.fate = event::Fate::delayed;
    data.retransmission = true;
    data.rule = place("nat.yaml", 7);
    data.until = at(1'050'000'001ns);
    CHECK(object_of(on_connection(1s, data, 3, 2)) == json::parse(R"({
        "t": 1.0, "event": "segment", "conn": 3, "attempt": 2, "dir": "out", "reason": "data",
        "src": "198.18.0.2:80", "dst": "198.18.0.1:40404", "flags": "PA", "seq": 5, "ack": 32,
        "raw_seq": 2147483652, "raw_ack": 16, "len": 4, "win": 502, "window": 64256,
        "options": {"sack": [[10, 20], [30, 40]]}, "fate": "delayed", "retransmission": true,
        "rule": {"file": "nat.yaml", "line": 7}, "until": 1.050000001, "payload": "47455420"})"));
}

TEST_CASE("event stream: each fate has its word") {
    const std::vector<std::pair<event::Fate, std::string>> words{
        {event::Fate::accepted, "accepted"},     {event::Fate::sent, "sent"},
        {event::Fate::dropped, "dropped"},       {event::Fate::delayed, "delayed"},
        {event::Fate::duplicated, "duplicated"}, {event::Fate::corrupted, "corrupted"},
        {event::Fate::edited, "edited"},         {event::Fate::undelivered, "undelivered"}};
    for (const auto& [fate, word] : words) {
        auto segment = incoming(Flags::rst, 0, 0, tcp::Kind::rst);
        segment.fate = fate;
        CHECK(object_of(on_connection(0s, segment))["fate"] == word);
    }
}

TEST_CASE("event stream: states, rules, attempts, logs and notices") {
    CHECK(object_of(
              on_connection(48us, event::State{tcp::State::listen, tcp::State::syn_received})) ==
          json::parse(R"({"t": 0.000048, "event": "state", "conn": 1, "attempt": 1,
                          "from": "listen", "to": "syn-received"})"));
    CHECK(object_of(on_connection(5s, event::Rule{place("nat.yaml", 7), "blackhole", "in"})) ==
          json::parse(R"({"t": 5.0, "event": "rule", "conn": 1, "attempt": 1, "file": "nat.yaml",
                          "line": 7, "action": "blackhole", "detail": "in"})"));
    CHECK_FALSE(object_of(on_connection(5s, event::Rule{place("nat.yaml", 7), "forget", ""}))
                    .contains("detail"));
    CHECK(object_of(on_connection(0s, event::Attempt{flow(), std::nullopt})) ==
          json::parse(R"({"t": 0.0, "event": "attempt", "conn": 1, "attempt": 1,
                          "src": "198.18.0.1:40404", "dst": "198.18.0.2:80"})"));
    CHECK(object_of(on_connection(2s, event::Attempt{flow(), 1004ms}, 2, 2)) ==
          json::parse(R"({"t": 2.0, "event": "attempt", "conn": 2, "attempt": 2,
                          "src": "198.18.0.1:40404", "dst": "198.18.0.2:80",
                          "since_last": 1.004})"));
    CHECK(object_of(on_connection(1s, event::Log{place("nat.yaml", 9), "gone"})) ==
          json::parse(R"({"t": 1.0, "event": "log", "conn": 1, "attempt": 1, "file": "nat.yaml",
                          "line": 9, "text": "gone"})"));
    CHECK(object_of({at(1s), 0, 0, event::Notice{"limit", "Too many."}}) ==
          json::parse(R"({"t": 1.0, "event": "notice", "what": "limit", "text": "Too many."})"));
}

TEST_CASE("event stream: text from outside cannot break a line") {
    const std::string nasty = "a\"b\\c\n\x1b\x7f\tü";
    auto segment = incoming(Flags::ack, 1, 1, tcp::Kind::ack);
    segment.rule = place("dir/\"odd\"\n.yaml", 1);
    const auto text = written([&](event::Sink& stream) {
        stream.record(on_connection(1s, event::Log{place("nat.yaml", 9), nasty}));
        stream.record(on_connection(1s, event::Log{place("nat.yaml", 9), "\xff no UTF-8"}));
        stream.record(on_connection(1s, segment));
    });
    std::istringstream in(text);
    std::vector<json> objects;
    for (std::string line; std::getline(in, line);) {
        objects.push_back(json::parse(line));
    }
    REQUIRE(objects.size() == 3);
    CHECK(objects[0]["text"] == nasty);
    CHECK(objects[1]["text"] == "\xef\xbf\xbd no UTF-8");
    CHECK(objects[2]["rule"]["file"] == "dir/\"odd\"\n.yaml");
}

TEST_CASE("event stream: forged segments say what was forged") {
    auto segment = outgoing(Flags::ack | Flags::urg, 1, 1, tcp::Reason::data);
    segment.fate = event::Fate::corrupted;
    segment.segment.urgent = 3;
    segment.segment.ttl = 9;
    segment.segment.tos = 4;
    event::Forgery forgery;
    forgery.changes = {"urgent", "tcp-checksum"};
    forgery.distortion.options = wire::Bytes{2, 0, 255};
    forgery.distortion.data_offset = 15;
    forgery.distortion.reserved = 1;
    forgery.distortion.total_length = 40;
    forgery.distortion.fragment = 8;
    segment.forgery = std::make_shared<const event::Forgery>(forgery);
    const auto told = object_of(on_connection(1s, segment));
    CHECK(told["fate"] == "corrupted");
    CHECK(told["changes"] == json::parse(R"(["urgent", "tcp-checksum"])"));
    CHECK(told["urgent"] == 3);
    CHECK(told["ttl"] == 9);
    CHECK(told["tos"] == 4);
    CHECK(told["raw_options"] == "0200ff");
    CHECK(told["data_offset"] == 15);
    CHECK(told["reserved"] == 1);
    CHECK(told["total_length"] == 40);
    CHECK(told["fragment"] == 8);
    segment.forgery = std::make_shared<const event::Forgery>();
    segment.segment.flags.bits = Flags::ack;
    segment.segment.urgent = 0;
    const auto made = object_of(on_connection(1s, segment));
    for (const auto* absent : {"changes", "urgent", "raw_options", "data_offset", "reserved",
                               "total_length", "fragment"}) {
        CHECK_FALSE(made.contains(absent));
    }
}

TEST_CASE("event stream: ICMP errors") {
    event::Icmp icmp;
    icmp.kind = wire::IcmpKind::fragmentation_needed;
    icmp.mtu = 1200;
    icmp.source = flow().local.address;
    icmp.destination = flow().remote.address;
    const auto about = incoming(Flags::ack | Flags::psh, 5, 1, tcp::Kind::data);
    icmp.quoted = about.segment;
    icmp.base = about.base;
    icmp.rule = place("mtu.yaml", 4);
    CHECK(object_of(on_connection(1s, icmp)) == json::parse(R"({
        "t": 1.0, "event": "icmp", "conn": 1, "attempt": 1, "dir": "out", "kind": "frag-needed",
        "src": "198.18.0.2", "dst": "198.18.0.1", "mtu": 1200,
        "quoted": {"src": "198.18.0.1:40404", "dst": "198.18.0.2:80", "flags": "PA", "seq": 5,
                   "raw_seq": 4294967285},
        "fate": "sent", "rule": {"file": "mtu.yaml", "line": 4}})"));
    icmp.kind = wire::IcmpKind::ttl_exceeded;
    icmp.fate = event::Fate::dropped;
    const auto dropped = object_of(on_connection(1s, icmp));
    CHECK(dropped["fate"] == "dropped");
    CHECK_FALSE(dropped.contains("mtu"));
}

TEST_CASE("event stream: sockets") {
    event::Socket socket;
    socket.src = {*wire::IpAddress::parse("2001:2::1"), 40404};
    socket.dst = {*wire::IpAddress::parse("2001:2::2"), 80};
    socket.state = "ESTAB";
    socket.timer = event::SocketTimer::keepalive;
    socket.expires = 2900ms;
    socket.retries = 1;
    socket.recv_q = 11;
    socket.send_q = 12;
    CHECK(object([&](event::Sink& stream) {
              stream.record({at(5s), 0, 0, socket});
          }) == json::parse(R"({
        "t": 5.0, "event": "socket", "src": "[2001:2::1]:40404", "dst": "[2001:2::2]:80",
        "state": "ESTAB", "timer": "keepalive", "expires": 2.9, "retries": 1, "recv_q": 11,
        "send_q": 12})"));
    socket.timer = event::SocketTimer::none;
    const auto idle = object([&](event::Sink& stream) { stream.record({at(5s), 0, 0, socket}); });
    CHECK(idle["timer"] == "none");
    CHECK_FALSE(idle.contains("expires"));
}

TEST_CASE("event stream: the end of COMMAND") {
    CHECK(object([](event::Sink& stream) {
              stream.record({at(14s), 0, 0, event::Exit{7, std::nullopt}});
          }) == json::parse(R"({"t": 14.0, "event": "exit", "status": 7})"));
    CHECK(object([](event::Sink& stream) {
              stream.record({at(14s), 0, 0, event::Exit{0, 9}});
          }) ==
          json::parse(R"({"t": 14.0, "event": "exit", "signal": 9, "signal_name": "SIGKILL"})"));
}

TEST_CASE("event stream: the verdict") {
    event::Verdict verdict;
    verdict.pass = false;
    verdict.status = 124;
    verdict.headline = "TIMEOUT after 14.000 s";
    verdict.failures = {{"nat.yaml:7: it \"never\" fired."}, {"more"}};
    verdict.ended = "timeout";
    verdict.length = 14'000'000'001ns;
    verdict.seed = UINT64_MAX;
    verdict.attempts = 2;
    verdict.rules = {{place("nat.yaml", 7), "idle 5s", 0, 0, "nat", true, ""},
                     {place("nat.yaml", 9), "receive data", 3, 2, "nat", true, "", true,
                      "- on: receive \"data\"\n  do: drop"}};
    verdict.lost = {{"The trace is cut short.", false}};
    event::ExpectationOutcome expectation;
    expectation.place = place("nat.yaml", 12);
    expectation.text = "see: receive rst";
    expectation.count = 1;
    expectation.seen = {at(14s)};
    verdict.expectations = {expectation};
    expectation.pass = false;
    expectation.failure = "nat.yaml:12: no.";
    expectation.excerpt = {"   12 | - see: x"};
    expectation.seen.clear();
    verdict.expectations.push_back(expectation);
    CHECK(object([&](event::Sink& stream) {
              stream.record({at(15s), 0, 0, std::make_shared<const event::Verdict>(verdict)});
          }) == json::parse(R"({
        "t": 15.0, "event": "verdict", "pass": false, "status": 124,
        "headline": "TIMEOUT after 14.000 s",
        "failures": ["nat.yaml:7: it \"never\" fired.", "more"], "ended": "timeout",
        "duration": 14.000000001, "seed": 18446744073709551615, "attempts": 2,
        "rules": [{"file": "nat.yaml", "line": 7, "on": "idle 5s", "fired": 0, "withheld": 0},
                  {"file": "nat.yaml", "line": 9, "on": "receive data", "fired": 3,
                   "withheld": 2, "source": "- on: receive \"data\"\n  do: drop"}],
        "expectations": [{"file": "nat.yaml", "line": 12, "expect": "see: receive rst",
                          "pass": true, "seen": 1, "times": [14.0]},
                         {"file": "nat.yaml", "line": 12, "expect": "see: receive rst",
                          "pass": false, "seen": 1, "times": [], "failure": "nat.yaml:12: no.",
                          "conversation": ["   12 | - see: x"]}],
        "lost": ["The trace is cut short."]})"));
    CHECK(object([](event::Sink& stream) {
              stream.record({at(0s), 0, 0, std::make_shared<const event::Verdict>()});
          })["pass"] == true);
}
