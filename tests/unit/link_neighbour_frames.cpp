// ARP and neighbour discovery frames: byte for byte where an RFC fixes them, and never more than
// what a damaged one says.
#include "link/lan_filter.hpp"
#include "link/neighbour_frames.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <random>

using namespace ghostpeer;
using namespace ghostpeer::link;
using Kind = NeighbourMessage::Kind;

namespace {

constexpr MacAddress own = {0x02, 0x67, 1, 2, 3, 4};
constexpr MacAddress other = {0x02, 0xaa, 5, 6, 7, 8};

wire::IpAddress ip(const char* text) { return *wire::IpAddress::parse(text); }

/// A request by another host.
NeighbourMessage asked_by(const char* sender, const char* target) {
    return *parse_neighbour_message(make_request(other, ip(sender), ip(target)));
}

}  // namespace

TEST_CASE("an ARP probe is the frame of RFC 5227") {
    const Frame expected = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x67, 1, 2, 3, 4, 0x08, 0x06,  // Ethernet
        0,    1,    0x08, 0,    6,    4,    0,    1,                             // request
        0x02, 0x67, 1,    2,    3,    4,    0,    0,    0, 0,                    // from nobody yet
        0,    0,    0,    0,    0,    0,    192,  0,    2, 50};
    CHECK(make_probe(own, ip("192.0.2.50")) == expected);
}

TEST_CASE("what is made is read again") {
    struct Case {
        const char* name;
        Frame frame;
        Kind kind;
        std::optional<wire::IpAddress> sender;
        const char* target;
    };
    const auto v4 = ip("192.0.2.50");
    const auto v6 = ip("2001:db8::50");
    const std::vector<Case> cases = {
        {"ARP probe", make_probe(own, v4), Kind::request, {}, "192.0.2.50"},
        {"ARP request", make_request(own, v4, ip("192.0.2.1")), Kind::request, v4, "192.0.2.1"},
        {"ARP announcement", make_announcement(own, v4), Kind::request, v4, "192.0.2.50"},
        {"ARP reply", make_reply(own, v4, asked_by("192.0.2.9", "192.0.2.50")), Kind::reply, v4,
         "192.0.2.50"},
        {"DAD", make_probe(own, v6), Kind::request, {}, "2001:db8::50"},
        {"NS", make_request(own, v6, ip("2001:db8::1")), Kind::request, v6, "2001:db8::1"},
        {"unsolicited NA", make_announcement(own, v6), Kind::reply, v6, "2001:db8::50"},
        {"NA", make_reply(own, v6, asked_by("2001:db8::9", "2001:db8::50")), Kind::reply, v6,
         "2001:db8::50"},
    };
    for (const Case& one : cases) {
        CAPTURE(one.name);
        const auto read = parse_neighbour_message(one.frame);
        REQUIRE(read);
        CHECK(read->kind == one.kind);
        CHECK(read->sender == one.sender);
        CHECK(read->target == ip(one.target));
        CHECK(read->mac == own);
        CHECK(read->source == own);
    }
}

TEST_CASE("answers go to who asked, and to everybody where it only probes") {
    const auto to = [](const Frame& frame) {
        MacAddress mac{};
        std::copy_n(frame.begin(), mac.size(), mac.begin());
        return to_string(mac);
    };
    CHECK(to(make_reply(own, ip("192.0.2.50"), asked_by("192.0.2.9", "192.0.2.50"))) ==
          "02:aa:05:06:07:08");
    CHECK(to(make_reply(own, ip("2001:db8::50"), asked_by("2001:db8::9", "2001:db8::50"))) ==
          "02:aa:05:06:07:08");
    const auto dad = parse_neighbour_message(make_probe(other, ip("2001:db8::50")));
    CHECK(to(make_reply(own, ip("2001:db8::50"), *dad)) == "33:33:00:00:00:01");
    CHECK(to(make_request(own, ip("2001:db8::1"), ip("2001:db8::12:3456"))) == "33:33:ff:12:34:56");
}

TEST_CASE("damaged frames are no messages") {
    const Frame arp = make_probe(own, ip("192.0.2.50"));
    const Frame nd = make_request(own, ip("2001:db8::50"), ip("2001:db8::1"));
    SUBCASE("cut anywhere") {
        for (const Frame& whole : {arp, nd}) {
            for (std::size_t size = 0; size < whole.size(); ++size) {
                CHECK_FALSE(parse_neighbour_message(ByteView(whole).first(size)));
            }
        }
    }
    SUBCASE("any one byte of a solicitation that counts") {
        for (std::size_t at = 14 + 8; at < nd.size(); ++at) {
            Frame bad = nd;
            bad[at] ^= 0x10;
            CHECK_FALSE(parse_neighbour_message(bad));  // its checksum
        }
        Frame bad = nd;
        bad[14 + 7] = 254;  // it has passed a router
        CHECK_FALSE(parse_neighbour_message(bad));
    }
    SUBCASE("noise") {
        std::mt19937 random(1);  // NOLINT(cert-msc32-c,cert-msc51-cpp)
        for (int n = 0; n < 20'000; ++n) {
            Frame frame = n % 2 == 0 ? arp : nd;
            for (int flips = 0; flips < 4; ++flips) {
                frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
            }
            frame.resize(random() % (frame.size() + 1));
            (void)parse_neighbour_message(frame);
        }
    }
}

TEST_CASE("a listener report names the groups behind a router alert") {
    const Frame report = make_listener_report(own, {ip("2001:db8::50"), ip("2001:db8::12:3456")});
    REQUIRE(report.size() == 14 + 40 + 8 + 8 + 2 * 20);
    CHECK(report[14 + 6] == 0);     // hop-by-hop
    CHECK(report[14 + 7] == 1);     // hop limit
    CHECK(report[14 + 40] == 58);   // then ICMPv6
    CHECK(report[14 + 42] == 5);    // router alert
    CHECK(report[14 + 48] == 143);  // version 2
    CHECK(report[14 + 48 + 7] == 2);
    CHECK(report[report.size() - 1] == 0x56);
    CHECK_FALSE(parse_neighbour_message(report));
}

namespace {

/// What a filter lets through: sockets of any family take one.
bool passes_kernel(const std::vector<sock_filter>& filter, const Frame& frame) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const FileDescriptor from(ends[0]);
    const FileDescriptor to(ends[1]);
    REQUIRE(set_filter(to.get(), filter));
    (void)::send(from.get(), frame.data(), frame.size(), MSG_DONTWAIT);
    std::array<std::uint8_t, 512> bytes{};
    return ::recv(to.get(), bytes.data(), bytes.size(), MSG_DONTWAIT) ==
           static_cast<ssize_t>(frame.size());
}

/// An IP packet without content.
Frame packet_to(const MacAddress& mac, const wire::IpAddress& destination, std::uint8_t next,
                std::uint8_t type = 0) {
    Frame frame(14 + 60);
    std::copy(mac.begin(), mac.end(), frame.begin());
    if (destination.is_v4()) {
        write_u16(frame, 12, 0x0800);
        frame[14 + 9] = next;
        write_u32(frame, 14 + 16, destination.v4_host_order());
    } else {
        write_u16(frame, 12, 0x86dd);
        frame[14 + 6] = next;
        std::copy(destination.bytes().begin(), destination.bytes().end(), frame.begin() + 14 + 24);
        frame[14 + 40] = type;
    }
    return frame;
}

}  // namespace

TEST_CASE("the packet filter lets in what is for the peer") {
    const auto filter = packet_filter(
        own, {ip("192.0.2.50"), ip("2001:db8::50"), ip("192.0.2.51"), ip("2001:db8::51")});
    for (const char* address : {"192.0.2.50", "192.0.2.51", "2001:db8::50", "2001:db8::51"}) {
        CHECK(passes_kernel(filter, packet_to(own, ip(address), 6)));
        CHECK_FALSE(passes_kernel(filter, packet_to(other, ip(address), 6)));
    }
    for (const char* address : {"192.0.2.52", "2001:db8::52", "2001:db9::50"}) {
        CHECK_FALSE(passes_kernel(filter, packet_to(own, ip(address), 6)));
    }
    CHECK(passes_kernel(filter, packet_to(own, ip("2001:db8::50"), 58, 128)));  // ping
    for (const int type : {130, 135, 136, 137}) {
        CHECK_FALSE(passes_kernel(
            filter, packet_to(own, ip("2001:db8::50"), 58, static_cast<std::uint8_t>(type))));
    }
    CHECK_FALSE(passes_kernel(filter, make_probe(other, ip("192.0.2.50"))));
    CHECK_FALSE(passes_kernel(packet_filter(own, {}), packet_to(own, ip("192.0.2.50"), 6)));
    std::vector<wire::IpAddress> many(max_own_addresses, ip("2001:db8::1"));
    many.push_back(ip("2001:db8::50"));
    CHECK(passes_kernel(packet_filter(own, many), packet_to(own, ip("2001:db8::50"), 6)));
}

TEST_CASE("the neighbour filter lets in what concerns neighbours") {
    const auto filter = neighbour_filter();
    CHECK(passes_kernel(filter, make_probe(other, ip("192.0.2.50"))));
    CHECK(passes_kernel(filter, make_probe(other, ip("2001:db8::50"))));
    CHECK(passes_kernel(filter, make_announcement(other, ip("2001:db8::50"))));
    CHECK(passes_kernel(filter, packet_to(own, ip("ff02::1"), 0)));
    CHECK_FALSE(passes_kernel(filter, packet_to(own, ip("192.0.2.50"), 6)));
    CHECK_FALSE(passes_kernel(filter, packet_to(own, ip("2001:db8::50"), 6)));
    CHECK_FALSE(passes_kernel(filter, packet_to(own, ip("2001:db8::50"), 58, 128)));
}
