// What the peer says and answers on a segment, in virtual time.
#include "link/presence.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::link;
using namespace std::chrono_literals;
using State = Claim::State;

namespace {

constexpr MacAddress own = {0x02, 0x67, 1, 2, 3, 4};
constexpr MacAddress other = {0x02, 0xaa, 5, 6, 7, 8};
constexpr MacAddress third = {0x02, 0xbb, 5, 6, 7, 8};
constexpr Instant start = run_start + 5s;

wire::IpAddress ip(const char* text) { return *wire::IpAddress::parse(text); }

PresenceSpec spec() {
    PresenceSpec spec;
    spec.own = own;
    spec.addresses = {{ip("192.0.2.50"), 24}, {ip("2001:db8::50"), 64}};
    spec.gateways = {ip("192.0.2.1")};
    return spec;
}

struct Segment {
    Presence presence{spec(), start};
    Instant now = start;

    /// The frames that are to leave, those that are messages.
    std::vector<NeighbourMessage> sent() {
        std::vector<Frame> frames;
        presence.take_frames(frames);
        std::vector<NeighbourMessage> messages;
        for (const Frame& frame : frames) {
            if (const auto message = parse_neighbour_message(frame)) {
                messages.push_back(*message);
            }
        }
        return messages;
    }
    /// Until both addresses are claimed and announced.
    void settle() {
        (void)sent();
        while (const auto due = presence.next_deadline()) {
            now = std::max(now, *due);
            presence.on_time(now);
            (void)sent();
            (void)presence.take_changes();
        }
        REQUIRE(presence.held().size() == 2);
    }
    void hear(const Frame& frame) { presence.on_frame(frame, now); }
};

}  // namespace

TEST_CASE("a network's prefix says who is near") {
    CHECK(OwnAddress{ip("192.0.2.50"), 24}.reaches(ip("192.0.2.255")));
    CHECK_FALSE(OwnAddress{ip("192.0.2.50"), 24}.reaches(ip("192.0.3.1")));
    CHECK(OwnAddress{ip("192.0.2.50"), 23}.reaches(ip("192.0.3.1")));
    CHECK(OwnAddress{ip("192.0.2.50"), 0}.reaches(ip("10.0.0.1")));
    CHECK_FALSE(OwnAddress{ip("192.0.2.50"), 32}.reaches(ip("192.0.2.51")));
    CHECK(OwnAddress{ip("2001:db8::50"), 64}.reaches(ip("2001:db8::1")));
    CHECK_FALSE(OwnAddress{ip("2001:db8::50"), 64}.reaches(ip("2001:db8:0:1::1")));
    CHECK_FALSE(OwnAddress{ip("2001:db8::50"), 0}.reaches(ip("192.0.2.1")));
}

TEST_CASE("nothing is answered before an address is claimed") {
    Segment segment;
    (void)segment.sent();
    segment.hear(make_request(other, ip("192.0.2.9"), ip("192.0.2.50")));
    segment.hear(make_request(other, ip("2001:db8::9"), ip("2001:db8::50")));
    CHECK(segment.sent().empty());
    CHECK(segment.presence.held().empty());
    CHECK_FALSE(segment.presence.settled());
}

TEST_CASE("a claimed address is answered for, others are not") {
    Segment segment;
    segment.settle();
    for (const auto& [from, at] :
         {std::pair{"192.0.2.9", "192.0.2.50"}, std::pair{"2001:db8::9", "2001:db8::50"}}) {
        segment.hear(make_request(other, ip(from), ip(at)));
        const auto sent = segment.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].kind == NeighbourMessage::Kind::reply);
        CHECK(sent[0].target == ip(at));
        CHECK(sent[0].mac == own);
        // Who asks will say more.
        REQUIRE(segment.presence.find(ip(from)) != nullptr);
        CHECK(*segment.presence.find(ip(from)) == other);
    }
    segment.hear(make_request(other, ip("192.0.2.9"), ip("192.0.2.51")));
    segment.hear(make_request(other, ip("2001:db8::9"), ip("2001:db8::51")));
    CHECK(segment.sent().empty());
}

TEST_CASE("who probes for our address is told that it is in use") {
    Segment segment;
    segment.settle();
    for (const char* at : {"192.0.2.50", "2001:db8::50"}) {
        segment.hear(make_probe(other, ip(at)));
        const auto sent = segment.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].kind == NeighbourMessage::Kind::reply);
    }
    CHECK(segment.presence.take_changes().empty());
}

TEST_CASE("an address that somebody has is not taken, and its owner named") {
    for (const char* at : {"192.0.2.50", "2001:db8::50"}) {
        Segment segment;
        (void)segment.sent();
        segment.presence.on_time(start + 1s);
        // The owner answers the probe.
        const auto probe = parse_neighbour_message(make_probe(own, ip(at)));
        segment.hear(make_reply(other, ip(at), *probe));
        const auto changes = segment.presence.take_changes();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].address == ip(at));
        CHECK(changes[0].state == State::taken);
        CHECK(changes[0].rival == other);
        CHECK(segment.presence.gave_up(ip(at)));
    }
}

TEST_CASE("an address is defended once, then given up") {
    for (const char* at : {"192.0.2.50", "2001:db8::50"}) {
        Segment segment;
        segment.settle();
        segment.hear(make_announcement(other, ip(at)));
        auto sent = segment.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].target == ip(at));
        CHECK(sent[0].mac == own);
        auto changes = segment.presence.take_changes();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].defended);

        segment.now += 3s;
        segment.hear(make_announcement(other, ip(at)));
        CHECK(segment.sent().empty());
        changes = segment.presence.take_changes();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].state == State::lost);
        CHECK(changes[0].rival == other);
        CHECK(segment.presence.held().size() == 1);
        segment.hear(make_request(third, ip("192.0.2.9"), ip("192.0.2.50")));
        CHECK(segment.sent().size() == (ip(at).is_v4() ? 0 : 1));
    }
}

TEST_CASE("our own frames that a loop brings back are no conflict") {
    Segment segment;
    (void)segment.sent();
    segment.hear(make_probe(own, ip("192.0.2.50")));
    segment.hear(make_probe(own, ip("2001:db8::50")));
    CHECK(segment.presence.take_changes().empty());
}

TEST_CASE("what this host is given is given up") {
    Segment segment;
    segment.settle();
    segment.presence.on_host_address(ip("192.0.2.51"));
    CHECK(segment.presence.take_changes().empty());
    segment.presence.on_host_address(ip("192.0.2.50"));
    const auto changes = segment.presence.take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].state == State::lost);
    CHECK_FALSE(changes[0].rival);
}

TEST_CASE("a neighbour is asked for three times, and its packets then go") {
    Segment segment;
    segment.settle();
    const std::vector<std::uint8_t> packet(40, 7);
    segment.presence.park(ip("192.0.2.9"), packet);
    REQUIRE(segment.presence.next_deadline());
    segment.presence.on_time(segment.now);
    auto sent = segment.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].target == ip("192.0.2.9"));
    CHECK(sent[0].sender == ip("192.0.2.50"));
    std::vector<std::vector<std::uint8_t>> released;

    SUBCASE("it answers") {
        segment.hear(make_reply(other, ip("192.0.2.9"), sent[0]));
        segment.presence.take_released(released);
        REQUIRE(released.size() == 1);
        CHECK(released[0] == packet);
        CHECK(*segment.presence.find(ip("192.0.2.9")) == other);
        CHECK_FALSE(segment.presence.next_deadline());
    }
    SUBCASE("it never does") {
        for (int n = 0; n < 2; ++n) {
            segment.presence.on_time(segment.now + 1s - 1ns);
            CHECK(segment.sent().empty());
            segment.now += 1s;
            segment.presence.on_time(segment.now);
            CHECK(segment.sent().size() == 1);
        }
        segment.now += 1s;
        segment.presence.on_time(segment.now);
        CHECK(segment.sent().empty());
        CHECK_FALSE(segment.presence.next_deadline());
    }
    SUBCASE("another one answers") {
        segment.hear(make_reply(other, ip("192.0.2.8"), sent[0]));
        segment.presence.take_released(released);
        CHECK(released.empty());
        CHECK(segment.presence.find(ip("192.0.2.8")) == nullptr);
    }
}

TEST_CASE("what is far is reached through the gateway, unless it has spoken itself") {
    Segment segment;
    segment.settle();
    segment.presence.park(ip("203.0.113.7"), std::vector<std::uint8_t>(40));
    segment.presence.on_time(segment.now);
    const auto sent = segment.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].target == ip("192.0.2.1"));
    segment.hear(make_reply(other, ip("192.0.2.1"), sent[0]));
    CHECK(*segment.presence.find(ip("203.0.113.7")) == other);
    segment.presence.learn(ip("203.0.113.7"), third);
    CHECK(*segment.presence.find(ip("203.0.113.7")) == third);
}

TEST_CASE("a flood of packets to nobody is bounded") {
    Segment segment;
    segment.settle();
    for (std::uint32_t n = 0; n < 10'000; ++n) {
        segment.presence.park(wire::IpAddress::v4(0xc0000200U + n % 5'000),
                              std::vector<std::uint8_t>(1500));
    }
    segment.presence.on_time(segment.now);
    CHECK(segment.sent().size() <= 256);
}

TEST_CASE("the neighbours that were heard last are remembered") {
    NeighbourTable table(100);
    for (std::uint32_t n = 1; n <= 1000; ++n) {
        table.learn(wire::IpAddress::v4(n), other);
        CHECK(table.size() <= 200);
    }
    for (std::uint32_t n = 901; n <= 1000; ++n) {
        CHECK(table.find(wire::IpAddress::v4(n)) != nullptr);
    }
    CHECK(table.find(wire::IpAddress::v4(1)) == nullptr);
    table.learn(wire::IpAddress::v4(1000), third);
    CHECK(*table.find(wire::IpAddress::v4(1000)) == third);
}
