// libFuzzer target: whatever other hosts say on a segment, the peer's presence there survives it,
// says no more than it was asked, and keeps nothing without bound.
#include "link/presence.hpp"

#include <algorithm>
#include <cstdlib>

using namespace ghostpeer;
using namespace ghostpeer::link;

namespace {

constexpr MacAddress own = {0x02, 0x67, 1, 2, 3, 4};

/// ICMPv6 messages of a fuzzer have no right checksum by themselves.
void mend_checksum(Frame& frame) {
    constexpr std::size_t ip = 14;
    constexpr std::size_t message = ip + 40;
    if (frame.size() < message + 4 || read_u16(frame, 12) != 0x86dd) {
        return;
    }
    write_u16(frame, message + 2, 0);
    std::uint32_t sum = 58 + static_cast<std::uint32_t>(frame.size() - message);
    for (std::size_t at = ip + 8; at < frame.size(); ++at) {
        sum += std::uint32_t{frame[at]} << ((at % 2 == 0) ? 8U : 0U);
    }
    while (sum >> 16U != 0) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    write_u16(frame, message + 2, ~sum);
    write_u16(frame, ip + 4, static_cast<std::uint32_t>(frame.size() - message));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    PresenceSpec spec;
    spec.own = own;
    spec.addresses = {{*wire::IpAddress::parse("192.0.2.50"), 24},
                      {*wire::IpAddress::parse("2001:db8::50"), 64}};
    Instant now = run_start;
    Presence presence(spec, now);
    ByteView rest(data, size);
    std::vector<Frame> frames;
    while (rest.size() >= 3) {
        const std::size_t length = std::min<std::size_t>(rest[0], rest.size() - 3);
        now += std::chrono::milliseconds(rest[1] * 20);
        const bool mend = rest[2] % 2 == 0;
        Frame frame(rest.begin() + 3, rest.begin() + 3 + static_cast<std::ptrdiff_t>(length));
        rest = rest.subspan(3 + length);
        if (mend) {
            mend_checksum(frame);
        }
        presence.on_time(now);
        frames.clear();
        presence.take_frames(frames);
        presence.on_frame(frame, now);
        frames.clear();
        presence.take_frames(frames);
        // An announcement and an answer at most, or one report.
        if (frames.size() > 2 || presence.held().size() > 2) {
            std::abort();
        }
        (void)presence.take_changes();
        if (frame.size() >= 14) {
            presence.park(wire::IpAddress::v4(read_u32(frame, 10)), frame);
        }
    }
    return 0;
}
