// Our TCP codec beside libtins, on the same bytes.
#include "ghostpeer/wire/codec.hpp"
#include "support/tins_segment.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace ghostpeer;
using namespace ghostpeer::wire;

namespace {

class Source {
  public:
    explicit Source(std::uint32_t seed) : random_(seed) {}

    std::uint32_t number() { return static_cast<std::uint32_t>(random_()); }
    bool chance(std::uint32_t one_in) { return number() % one_in == 0; }

    Segment next() {
        Segment made;
        const bool v4 = chance(2);
        made.source = endpoint(v4);
        made.destination = endpoint(v4);
        made.seq = SeqNum(number());
        made.ack = SeqNum(number());
        made.flags.bits = static_cast<std::uint8_t>(number());
        made.window = static_cast<std::uint16_t>(number());
        made.urgent = static_cast<std::uint16_t>(number());
        made.ttl = static_cast<std::uint8_t>(1 + number() % 255);
        made.tos = static_cast<std::uint8_t>(number());
        made.dont_fragment = !v4 || chance(2);
        made.ip_id = v4 ? static_cast<std::uint16_t>(number()) : std::uint16_t{0};
        options(made.options);
        made.payload.resize(chance(3) ? 0 : number() % 2000);
        std::generate(made.payload.begin(), made.payload.end(),
                      [this] { return static_cast<std::uint8_t>(number()); });
        return made;
    }

  private:
    void options(Options& made) {
        if (chance(2)) {
            made.mss = static_cast<std::uint16_t>(number());
        }
        if (chance(2)) {
            made.window_scale = static_cast<std::uint8_t>(number() % 15);
        }
        made.sack_permitted = chance(2);
        if (chance(2)) {
            made.timestamps = Timestamps{number(), number()};
        }
    }
    Endpoint endpoint(bool v4) {
        const auto address = v4 ? "192.0.2." + std::to_string(1 + number() % 250)
                                : "2001:db8::" + std::to_string(1 + number() % 250);
        return {*IpAddress::parse(address), static_cast<std::uint16_t>(number())};
    }

    std::mt19937 random_;
};

}  // namespace

TEST_CASE("libtins reads what we have written") {
    Source source(1);
    for (int i = 0; i < 2000; ++i) {
        const Segment segment = source.next();
        CAPTURE(i);
        REQUIRE(test::differences(segment, encode(segment)) == "");
    }
}

TEST_CASE("SACK blocks are read by libtins as they were written") {
    Segment segment = Source(2).next();
    segment.options = {};
    segment.flags.bits = Flags::ack;
    segment.options.sack = {{SeqNum(10), SeqNum(20)}, {SeqNum(0xfffffff0), SeqNum(7)}};
    const Bytes packet = encode(segment);
    CHECK(test::differences(segment, packet) == "");
    const auto size = static_cast<std::uint32_t>(packet.size());
    std::unique_ptr<Tins::PDU> read;
    if (segment.source.address.is_v4()) {
        read = std::make_unique<Tins::IP>(packet.data(), size);
    } else {
        read = std::make_unique<Tins::IPv6>(packet.data(), size);
    }
    CHECK(read->rfind_pdu<Tins::TCP>().sack() == Tins::TCP::sack_type{10, 20, 0xfffffff0, 7});
}

TEST_CASE("we read what libtins has written, options in its order") {
    std::mt19937 random(3);
    for (int i = 0; i < 500; ++i) {
        CAPTURE(i);
        Tins::TCP tcp(80, static_cast<std::uint16_t>(random()));
        tcp.seq(static_cast<std::uint32_t>(random()));
        tcp.ack_seq(static_cast<std::uint32_t>(random()));
        tcp.window(static_cast<std::uint16_t>(random()));
        tcp.flags(static_cast<std::uint8_t>(random()));
        const auto stamp = static_cast<std::uint32_t>(random());
        tcp.timestamp(stamp, 7);
        tcp.winscale(static_cast<std::uint8_t>(i % 15));
        tcp.sack_permitted();
        tcp.mss(static_cast<std::uint16_t>(i));
        Tins::IP ip("192.0.2.1", "192.0.2.2");
        ip.ttl(33);
        ip.inner_pdu(tcp);
        ip.rfind_pdu<Tins::TCP>().inner_pdu(Tins::RawPDU(std::string(i % 50, 'x')));
        const auto bytes = ip.serialize();
        const Decoded decoded = decode(bytes);
        REQUIRE(std::holds_alternative<Segment>(decoded));
        const auto& segment = std::get<Segment>(decoded);
        CHECK(segment.seq.raw() == tcp.seq());
        CHECK(segment.ack.raw() == tcp.ack_seq());
        CHECK(segment.destination.port == 80);
        CHECK(segment.source.address.to_string() == "192.0.2.2");
        CHECK(segment.flags.bits == (tcp.flags() & 0xffU));
        CHECK(segment.options.timestamps == Timestamps{stamp, 7});
        CHECK(segment.options.window_scale == i % 15);
        CHECK(segment.options.mss == i);
        CHECK(segment.options.sack_permitted);
        CHECK(segment.payload.size() == static_cast<std::size_t>(i % 50));
        CHECK(segment.ttl == 33);
    }
}
