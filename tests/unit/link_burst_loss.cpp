#include "ghostpeer/wire/codec.hpp"
#include "link/device.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <array>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::link;

namespace {

/// A device that takes nothing: what is written to it has no receiver.
class DeadDevice final : public DeviceLink {
  public:
    DeadDevice() : DeviceLink(open_dead(), 1500, 0, true) {}
    [[nodiscard]] std::string describe() const override { return "dead"; }

  private:
    static FileDescriptor open_dead() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) ==
                0);
        const FileDescriptor other(ends[1]);
        return FileDescriptor(ends[0]);
    }
    [[nodiscard]] bool carries_ip(ByteView /*frame*/) noexcept override { return true; }
    [[nodiscard]] ByteView header_for(ByteView /*ip_packet*/) noexcept override { return {}; }
    [[nodiscard]] ReceiveStatus status_of(int error) const noexcept override {
        return {ReceiveStatus::Kind::failed, error};
    }
};

[[nodiscard]] wire::Bytes segment_of_burst(std::uint32_t seq, std::size_t payload,
                                           std::uint8_t flags = wire::Flags::ack) {
    wire::Segment made;
    made.source = {wire::IpAddress::v4(0xc6120002), 80};
    made.destination = {wire::IpAddress::v4(0xc6120001), 40'000};
    made.flags.bits = flags;
    made.seq = wire::SeqNum(seq);
    made.window = 100;
    made.payload.assign(payload, 0x61);
    return wire::encode(made);
}

[[nodiscard]] std::vector<std::size_t> end_of(Link& link) {
    const auto lost = link.end_burst();
    return {lost.begin(), lost.end()};
}

}  // namespace

TEST_CASE("what a burst holds and loses is told of the packets that are lost, not of the next") {
    DeadDevice link;
    link.begin_burst();
    CHECK(link.send(segment_of_burst(1000, 100)));
    CHECK(link.send(segment_of_burst(1100, 100)));
    SUBCASE("the next one is held in its turn") {
        CHECK(link.send(segment_of_burst(5000, 100)));
        CHECK(end_of(link) == std::vector<std::size_t>{0, 1, 2});
    }
    SUBCASE("the next one leaves by itself") {
        CHECK_FALSE(link.send(segment_of_burst(1200, 0, wire::Flags::fin | wire::Flags::ack)));
        CHECK(end_of(link) == std::vector<std::size_t>{0, 1});
    }
    SUBCASE("the end of the burst is what fails") {
        CHECK(end_of(link) == std::vector<std::size_t>{0, 1});
        link.begin_burst();
        CHECK(end_of(link).empty());
    }
}
