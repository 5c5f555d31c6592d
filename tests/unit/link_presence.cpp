// What the peer says and answers on a network, in virtual time.
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

struct Network {
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
    Network network;
    (void)network.sent();
    network.hear(make_request(other, ip("192.0.2.9"), ip("192.0.2.50")));
    network.hear(make_request(other, ip("2001:db8::9"), ip("2001:db8::50")));
    CHECK(network.sent().empty());
    CHECK(network.presence.held().empty());
    CHECK_FALSE(network.presence.settled());
}

TEST_CASE("a claimed address is answered for, others are not") {
    Network network;
    network.settle();
    for (const auto& [from, at] :
         {std::pair{"192.0.2.9", "192.0.2.50"}, std::pair{"2001:db8::9", "2001:db8::50"}}) {
        network.hear(make_request(other, ip(from), ip(at)));
        const auto sent = network.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].kind == NeighbourMessage::Kind::reply);
        CHECK(sent[0].target == ip(at));
        CHECK(sent[0].mac == own);
        // Who asks will say more.
        REQUIRE(network.presence.find(ip(from)) != nullptr);
        CHECK(*network.presence.find(ip(from)) == other);
    }
    network.hear(make_request(other, ip("192.0.2.9"), ip("192.0.2.51")));
    network.hear(make_request(other, ip("2001:db8::9"), ip("2001:db8::51")));
    CHECK(network.sent().empty());
}

TEST_CASE("who probes for our address is told that it is in use") {
    Network network;
    network.settle();
    for (const char* at : {"192.0.2.50", "2001:db8::50"}) {
        network.hear(make_probe(other, ip(at)));
        const auto sent = network.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].kind == NeighbourMessage::Kind::reply);
    }
    CHECK(network.presence.take_changes().empty());
}

TEST_CASE("an address that somebody has is not taken, and its owner named") {
    for (const char* at : {"192.0.2.50", "2001:db8::50"}) {
        Network network;
        (void)network.sent();
        network.presence.on_time(start + 1s);
        // The owner answers the probe.
        const auto probe = parse_neighbour_message(make_probe(own, ip(at)));
        network.hear(make_reply(other, ip(at), *probe));
        const auto changes = network.presence.take_changes();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].address == ip(at));
        CHECK(changes[0].state == State::taken);
        CHECK(changes[0].rival == other);
        CHECK(network.presence.gave_up(ip(at)));
    }
}

TEST_CASE("an address is defended once, then given up") {
    for (const char* at : {"192.0.2.50", "2001:db8::50"}) {
        Network network;
        network.settle();
        network.hear(make_announcement(other, ip(at)));
        auto sent = network.sent();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].target == ip(at));
        CHECK(sent[0].mac == own);
        auto changes = network.presence.take_changes();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].defended);

        network.now += 3s;
        network.hear(make_announcement(other, ip(at)));
        CHECK(network.sent().empty());
        changes = network.presence.take_changes();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].state == State::lost);
        CHECK(changes[0].rival == other);
        CHECK(network.presence.held().size() == 1);
        network.hear(make_request(third, ip("192.0.2.9"), ip("192.0.2.50")));
        CHECK(network.sent().size() == (ip(at).is_v4() ? 0 : 1));
    }
}

TEST_CASE("our own frames that a loop brings back are no conflict") {
    Network network;
    (void)network.sent();
    network.hear(make_probe(own, ip("192.0.2.50")));
    network.hear(make_probe(own, ip("2001:db8::50")));
    CHECK(network.presence.take_changes().empty());
}

TEST_CASE("what this host is given is given up") {
    Network network;
    network.settle();
    network.presence.on_host_address(ip("192.0.2.51"));
    CHECK(network.presence.take_changes().empty());
    network.presence.on_host_address(ip("192.0.2.50"));
    const auto changes = network.presence.take_changes();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].state == State::lost);
    CHECK_FALSE(changes[0].rival);
}

TEST_CASE("a neighbour is asked for three times, and its packets then go") {
    Network network;
    network.settle();
    const std::vector<std::uint8_t> packet(40, 7);
    network.presence.park(ip("192.0.2.9"), packet);
    REQUIRE(network.presence.next_deadline());
    network.presence.on_time(network.now);
    auto sent = network.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].target == ip("192.0.2.9"));
    CHECK(sent[0].sender == ip("192.0.2.50"));
    std::vector<std::vector<std::uint8_t>> released;

    SUBCASE("it answers") {
        network.hear(make_reply(other, ip("192.0.2.9"), sent[0]));
        network.presence.take_released(released);
        REQUIRE(released.size() == 1);
        CHECK(released[0] == packet);
        CHECK(*network.presence.find(ip("192.0.2.9")) == other);
        CHECK_FALSE(network.presence.next_deadline());
    }
    SUBCASE("it never does") {
        for (int n = 0; n < 2; ++n) {
            network.presence.on_time(network.now + 1s - 1ns);
            CHECK(network.sent().empty());
            network.now += 1s;
            network.presence.on_time(network.now);
            CHECK(network.sent().size() == 1);
        }
        network.now += 1s;
        network.presence.on_time(network.now);
        CHECK(network.sent().empty());
        CHECK_FALSE(network.presence.next_deadline());
    }
    SUBCASE("another one answers") {
        network.hear(make_reply(other, ip("192.0.2.8"), sent[0]));
        network.presence.take_released(released);
        CHECK(released.empty());
        CHECK(network.presence.find(ip("192.0.2.8")) == nullptr);
    }
}

TEST_CASE("what is far is reached through the gateway, unless it has spoken itself") {
    Network network;
    network.settle();
    network.presence.park(ip("203.0.113.7"), std::vector<std::uint8_t>(40));
    network.presence.on_time(network.now);
    const auto sent = network.sent();
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].target == ip("192.0.2.1"));
    network.hear(make_reply(other, ip("192.0.2.1"), sent[0]));
    CHECK(*network.presence.find(ip("203.0.113.7")) == other);
    network.presence.learn(ip("203.0.113.7"), third);
    CHECK(*network.presence.find(ip("203.0.113.7")) == third);
}

TEST_CASE("a flood of packets to nobody is bounded") {
    Network network;
    network.settle();
    for (std::uint32_t n = 0; n < 10'000; ++n) {
        network.presence.park(wire::IpAddress::v4(0xc0000200U + n % 5'000),
                              std::vector<std::uint8_t>(1500));
    }
    network.presence.on_time(network.now);
    CHECK(network.sent().size() <= 256);
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
