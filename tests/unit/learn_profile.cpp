#include "learn/learn.hpp"
#include "learn/rehearsal.hpp"
#include "learn/student.hpp"
#include "packets/packets.hpp"
#include "support/told_conversation.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ghostpeer;
using namespace std::chrono_literals;
using testing::Told;
using wire::Flags;

namespace {

constexpr std::uint8_t ack = Flags::ack;
constexpr std::uint8_t fin_ack = Flags::fin | Flags::ack;
constexpr std::uint8_t rst_ack = Flags::rst | Flags::ack;
constexpr std::uint8_t data = Told::data_flags;
constexpr std::string_view request = "GET /a HTTP/1.0\r\nHost: secret\r\n\r\n";  // 33 bytes

learn::Lesson lesson_of(const Told& told, learn::Options options = {}) {
    options.capture_name = "incident.pcap";
    auto lesson = learn::learn({&told.conversation}, options, packets::library());
    INFO(lesson.error);
    CHECK(lesson.error.empty());
    return lesson;
}

bool has(const std::string& text, std::string_view words) {
    return text.find(words) != std::string::npos;
}

#define CHECK_SAYS(lesson, words)                 \
    do {                                          \
        INFO((lesson).profile.text);              \
        INFO((lesson).report);                    \
        CHECK(has((lesson).profile.text, words)); \
    } while (false)

}  // namespace

TEST_CASE("learn: a SYN that nobody answers") {
    Told told;
    for (const Duration at : {0s, 1s, 3s, 7s}) {
        told.program(at, Flags::syn, 0, 0);
    }
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "{on: receive syn, do: drop}");
    CHECK_SAYS(lesson, "packet 1, 0.000 s");
    CHECK(has(lesson.report, "Nothing of the server is in the capture"));
}

TEST_CASE("learn: a SYN that is refused") {
    Told told;
    told.program(0ms, Flags::syn, 0, 0);
    told.peer(0ms, rst_ack, 0, 1);
    CHECK_SAYS(lesson_of(told), "do: reset");
}

TEST_CASE("learn: the first SYN is lost") {
    Told told;
    told.program(0ms, Flags::syn, 0, 0);
    told.program(1s, Flags::syn, 0, 0);
    told.peer(1s, Flags::syn | ack, 0, 1);
    told.program(1s, ack, 1, 1);
    told.program(1s + 1ms, fin_ack, 1, 1);
    told.peer(1s + 1ms, fin_ack, 1, 2);
    told.program(1s + 1ms, ack, 2, 2);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "{on: receive syn, first: 1, do: drop}");
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
}

TEST_CASE("learn: what an honest server says needs no rule, only a script") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, request);
    told.peer(1ms, ack, 1, 34);
    told.peer(301ms, data, 1, 34, "HTTP/1.0 200 OK\r\n\r\nhi\n");
    told.program(301ms, ack, 34, 23);
    told.peer(301ms, fin_ack, 23, 34);
    told.program(301ms, fin_ack, 34, 24);
    told.peer(301ms, ack, 24, 35);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "- expect: '/^GET /a");
    CHECK_SAYS(lesson, "- pause: 300ms");
    CHECK_SAYS(lesson, "HTTP/1.0 200 OK\\r\\n");
    CHECK_SAYS(lesson, "- close");
    CHECK_FALSE(has(lesson.profile.text, "rules:"));
    CHECK(has(lesson.report, "Nothing was left open"));
}

TEST_CASE("learn: a place in the stream instead of a pattern, where that is asked for") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, request);
    told.peer(1ms, data, 1, 34, "hello\n");
    told.program(1ms, ack, 34, 7);
    learn::Options strictly;
    strictly.strict = true;
    CHECK_SAYS(lesson_of(told, strictly), "- expect: {bytes: 33}");
}

TEST_CASE("learn: silence after the request") {
    Told told;
    told.handshake();
    for (const Duration at : {1ms, 202ms, 610ms, 1400ms, 3000ms}) {
        told.program(at, data, 1, 1, request);
    }
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "packet 4, 0.001 s");
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
    CHECK(lesson.accounts[0].open.empty());
}

TEST_CASE("learn: RST after the request, with another TTL") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, request);
    told.peer(1ms, ack, 1, 34);
    told.peer(51ms, rst_ack, 1, 34);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "after: 50ms, do: reset");
    told.conversation.segments.back().ttl = 55;
    const auto middlebox = lesson_of(told);
    CHECK_SAYS(middlebox, "ttl: 55");
}

TEST_CASE("learn: keepalive probes that nobody answers") {
    Told told;
    told.handshake();
    for (const Duration at : {10s, 11s, 12s}) {
        told.program(at, ack, 0, 1);
    }
    told.program(13s, rst_ack, 1, 1);
    CHECK_SAYS(lesson_of(told), "{on: receive keepalive-probe, do: drop}");
}

TEST_CASE("learn: a request that is lost once is no ACK that comes late") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, request);
    told.program(202ms, data, 1, 1, request);
    told.peer(202ms, ack, 1, 34);
    told.peer(203ms, data, 1, 34, "hello\n");
    told.program(203ms, ack, 34, 7);
    told.program(204ms, fin_ack, 34, 7);
    told.peer(204ms, fin_ack, 7, 35);
    told.program(204ms, ack, 35, 8);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "{on: receive data, first: 1, do: drop}");
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
    CHECK(lesson.accounts[0].open.empty());
}

TEST_CASE("learn: what is lost once and then acknowledged, and nothing else") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, "one\n");
    told.peer(1ms, ack, 1, 5);
    told.program(801ms, data, 5, 1, "two\n");
    told.program(1007ms, data, 5, 1, "two\n");
    told.peer(1007ms, ack, 1, 9);
    told.program(26s, fin_ack, 9, 1);
    told.peer(26s, fin_ack, 1, 10);
    told.program(26s, ack, 10, 2);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "{on: receive data, nth: 2, do: drop}");
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
}

TEST_CASE("learn: large packets are lost, and small ones pass") {
    Told told;
    told.handshake();
    const std::string large(1460, 'x');
    told.program(1ms, ack, 1, 1, large);
    told.program(1ms, ack, 1461, 1, large);
    told.program(1ms, data, 2921, 1, std::string(100, 'x'));
    auto& answer = told.peer(1ms, ack, 1, 1);
    answer.options.sack.push_back({answer.ack + 2920, answer.ack + 3020});
    for (const Duration at : {202ms, 610ms, 1400ms, 3000ms}) {
        told.program(at, ack, 1, 1, large);
    }
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "when: {length: \">= 1460\"}, do: drop}");
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
}

TEST_CASE("learn: data that acknowledges what nobody sent is forged") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, "one\n");
    told.peer(1ms, ack, 1, 5);
    told.peer(101ms, ack, 1, 1005);
    told.peer(101ms, data, 1, 1005, "never read");
    told.program(5s, fin_ack, 5, 1);
    told.peer(5s, fin_ack, 1, 6);
    told.program(5s, ack, 6, 2);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "ack: rcv.nxt+1000, payload: \"never read\"}}");
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
}

TEST_CASE("learn: what answers data that the capture missed is said") {
    Told told;
    told.handshake();
    told.peer(1ms, data, 1, 34, "hello\n");
    told.program(2ms, ack, 34, 7);
    told.program(3ms, fin_ack, 34, 7);
    told.peer(3ms, fin_ack, 7, 35);
    told.program(3ms, ack, 35, 8);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "- expect: {bytes: 33}\n    - say: \"hello\\n\"");
}

TEST_CASE("learn: data behind the peer's own FIN is forged") {
    Told told;
    told.handshake();
    told.peer(10ms, fin_ack, 1, 1);
    told.program(10ms, ack, 1, 2);
    told.peer(110ms, data, 2, 1, "too late");
    told.program(300ms, data, 1, 2, "bye\n");
    told.peer(300ms, ack, 2, 5);
    told.program(301ms, fin_ack, 5, 2);
    told.peer(301ms, ack, 2, 6);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "payload: \"too late\"}}");
    CHECK_FALSE(has(lesson.profile.text, "challenge"));
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
}

TEST_CASE("learn: a peer that dials from far away") {
    Told told;
    told.conversation.rtt = 40ms;
    learn::Options dialling;
    dialling.peer = capture::Side::client;
    // As captured at the server, which is the program.
    told.conversation.perspective = capture::Perspective::server;
    told.program(0ms, Flags::syn, 0, 0);
    told.peer(0ms, Flags::syn | ack, 0, 1);
    told.program(40ms, ack, 1, 1);
    told.program(41ms, data, 1, 1, request);
    told.peer(41ms, data, 1, 34, "hello\n");
    told.peer(41ms, fin_ack, 7, 34);
    told.program(81ms, fin_ack, 34, 8);
    told.peer(81ms, ack, 8, 35);
    const auto lesson = lesson_of(told, dialling);
    CHECK_SAYS(lesson, "link: {delay: 20ms}");
    CHECK_FALSE(has(lesson.profile.text, "drop"));
    CHECK(lesson.accounts[0].alike == lesson.accounts[0].captured);
}

TEST_CASE("learn: a rehearsal tells which rules have acted") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, request);
    told.peer(1ms, ack, 1, 34);
    const auto scene = learn::make_scene(told.conversation, capture::Side::server);
    learn::Draft draft;
    draft.rules.push_back({"receive fin", {}, {"reset"}});
    draft.rules.push_back({"receive data", {}, {"drop"}});
    draft.rules.push_back({"receive data", {{"nth", "2"}}, {"drop"}});
    const auto rehearsed =
        learn::rehearse(scene, learn::sheet_of(scene, draft), packets::library());
    CHECK(rehearsed.error.empty());
    CHECK(rehearsed.acted == std::vector<bool>{false, true, false});
}

TEST_CASE("learn: what is redacted says nothing, and has the same length") {
    Told told;
    told.handshake();
    told.program(1ms, data, 1, 1, request);
    told.peer(1ms, data, 1, 34,
              "HTTP/1.0 200 OK\r\nContent-Length: 6\r\nCookie: 4711\r\n\r\nsecret");
    told.program(1ms, ack, 34, 60);
    learn::Options redacting;
    redacting.redact = true;
    told.conversation.oddities.push_back({capture::OddityKind::icmp,
                                          capture::Side::client,
                                          1,
                                          {},
                                          {},
                                          1,
                                          "ICMP port-unreachable from 10.9.8.7 for the client"});
    const auto lesson = lesson_of(told, redacting);
    const std::string all = lesson.profile.text + lesson.report;
    CHECK_FALSE(has(all, "incident.pcap"));
    CHECK_FALSE(has(all, "10.9.8.7"));
    CHECK(has(all, "ICMP port-unreachable for the client"));
    CHECK_FALSE(has(all, "secret"));
    CHECK_FALSE(has(all, "4711"));
    CHECK_FALSE(has(all, "198.18."));
    CHECK_SAYS(lesson, "Content-Length: 6\\r\\n");
    CHECK_SAYS(lesson, "- expect: '/^GET .* HTTP.*");  // whatever the program asks for
    CHECK_SAYS(lesson, "xxxxxx");
}

TEST_CASE("learn: a capture that begins in the middle") {
    Told told;
    told.program(0ms, data, 101, 501, request);
    told.peer(0ms, ack, 501, 134);
    told.peer(20ms, data, 501, 134, "hello\n");
    told.program(20ms, ack, 134, 507);
    told.conversation.roles = capture::Roles::ports;
    for (auto& segment : told.conversation.segments) {
        segment.place -= segment.from == capture::Side::client ? 100 : 500;
        segment.ack_place -= segment.from == capture::Side::client ? 500 : 100;
    }
    const auto lesson = lesson_of(told);
    CHECK(has(lesson.report, "begins in the middle"));
    CHECK_SAYS(lesson, "say: \"hello\\n\"");
}

TEST_CASE("learn: attempts that differ") {
    Told refused;
    refused.program(0ms, Flags::syn, 0, 0);
    refused.peer(0ms, rst_ack, 0, 1);
    Told open;
    open.handshake();
    open.program(1ms, fin_ack, 1, 1);
    open.peer(1ms, fin_ack, 1, 2);
    open.program(1ms, ack, 2, 2);
    const auto lesson = learn::learn(
        {&refused.conversation, &refused.conversation, &open.conversation}, {}, packets::library());
    CHECK(lesson.error.empty());
    CHECK_SAYS(lesson, "  1-2:\n");
    CHECK_SAYS(lesson, "  3+:\n");
}

TEST_CASE("learn: a link is never slower than the one that was captured") {
    Told told;
    told.conversation.rtt = 11'001'800ns;
    told.program(0ms, Flags::syn, 0, 0);
    told.peer(11'001'800ns, Flags::syn | ack, 0, 1);
    told.program(11'001'900ns, ack, 1, 1);  // what a slower SYN-ACK would come after
    told.program(11'006'000ns, data, 1, 1, request);
    told.peer(22'007'800ns, rst_ack, 1, 1);
    const auto lesson = lesson_of(told);
    CHECK_SAYS(lesson, "link: {delay: 5500us}");
    CHECK_SAYS(lesson, "{on: receive data, do: reset}");
}

TEST_CASE("learn: nothing to learn from is said") {
    CHECK_FALSE(learn::learn({}, {}, packets::library()).error.empty());
    const Told empty;
    CHECK_FALSE(learn::learn({&empty.conversation}, {}, packets::library()).error.empty());
}

TEST_CASE("learn: what was captured at the server and lost behind it") {
    Told told;
    told.conversation.perspective = capture::Perspective::server;
    told.conversation.rtt = 20ms;
    told.conversation.rtt_client = 20ms;
    told.program(0ms, Flags::syn, 0, 0);
    told.peer(0ms, Flags::syn | ack, 0, 1);
    told.program(20ms, ack, 1, 1);
    told.program(21ms, data, 1, 1, request);
    told.peer(21ms, data, 1, 34, "hello\n");
    told.peer(241ms, data, 1, 34, "hello\n");
    told.program(261ms, ack, 34, 7);
    told.program(262ms, fin_ack, 34, 7);
    told.peer(262ms, fin_ack, 7, 35);
    told.program(282ms, ack, 35, 8);
    const auto lesson = lesson_of(told);
    CHECK(has(lesson.report, "Packet 5 was captured, and lost on its way to the program"));
    CHECK_SAYS(lesson, "link: {delay: 10ms}");
}
