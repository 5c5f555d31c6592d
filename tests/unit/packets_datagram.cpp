// UDP datagrams: there and back, and whatever bytes come.
#include "packets/packets.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer::wire;
using namespace ghostpeer::packets;

namespace {

Datagram sample_datagram(const char* from = "198.18.0.1", const char* to = "198.18.0.2") {
    return {{*IpAddress::parse(from), 40'000}, {*IpAddress::parse(to), 53}, {1, 2, 3, 4, 5}};
}

}  // namespace

TEST_CASE("a datagram survives the wire in both families") {
    CHECK(decode_datagram(encode(sample_datagram())) == sample_datagram());
    const Datagram v6 = sample_datagram("2001:2::1", "2001:2::2");
    CHECK(decode_datagram(encode(v6)) == v6);
    Datagram empty = sample_datagram();
    empty.payload.clear();
    CHECK(decode_datagram(encode(empty)) == empty);
}

TEST_CASE("a datagram that is damaged or cut is none") {
    const Bytes packet = encode(sample_datagram());
    for (std::size_t n = 0; n < packet.size(); ++n) {
        CHECK_FALSE(decode_datagram({packet.data(), n}));
    }
    for (std::size_t at = 20; at < packet.size(); ++at) {
        Bytes damaged = packet;
        damaged[at] ^= 0x10;
        CHECK_FALSE(decode_datagram(damaged));
    }
    Bytes unchecked = packet;
    unchecked[26] = unchecked[27] = 0;  // a checksum of 0: the sender made none
    CHECK(decode_datagram(unchecked));
    Bytes six = encode(sample_datagram("2001:2::1", "2001:2::2"));
    six[46] = six[47] = 0;
    CHECK_FALSE(decode_datagram(six));
    for (const int length : {0, 7, 14, 255}) {
        Bytes wrong = packet;
        wrong[24] = 0;
        wrong[25] = static_cast<std::uint8_t>(length);
        CHECK_FALSE(decode_datagram(wrong));
        static_cast<void>(decode_datagram(wrong, {false}));
    }
}

TEST_CASE("what fits no packet is not encoded") {
    Datagram mixed = sample_datagram();
    mixed.destination.address = *IpAddress::parse("2001:2::2");
    CHECK(encode(mixed).empty());
    Datagram large = sample_datagram();
    large.payload.resize(65535 - 28);
    CHECK(encode(large).size() == 65535);
    large.payload.resize(65535 - 27);
    CHECK(encode(large).empty());
}
