// libFuzzer target: whatever the bytes are, the codec survives them, and a segment that it read
// is read back the same once it has been written, by us and by libtins.
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/format.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/reassembly.hpp"
#include "packets/packets.hpp"
#include "support/tins_segment.hpp"

#include <algorithm>
#include <cstdlib>

using namespace ghostpeer::wire;

namespace {

/// The bytes as packets one behind the other, each with a byte for its length and one for the time
/// that passes before it.
void put_together(std::span<const std::uint8_t> bytes) {
    constexpr std::size_t bound = 20'000;
    Reassembly reassembly({.bytes = bound});
    ghostpeer::Instant now = ghostpeer::run_start;
    while (bytes.size() > 2) {
        const std::size_t size = std::min<std::size_t>(bytes[0], bytes.size() - 2);
        now += std::chrono::seconds(bytes[1]);
        (void)reassembly.expire(now);
        if (reassembly.add(bytes.subspan(2, size), now) == Reassembly::Result::whole) {
            (void)decode(reassembly.packet());
        }
        if (reassembly.bytes() > bound || (reassembly.size() == 0) != (reassembly.bytes() == 0)) {
            std::abort();
        }
        bytes = bytes.subspan(2 + size);
    }
}

/// What was cut is what is put together.
void cut_and_join(Segment segment) {
    segment.dont_fragment = segment.source.address.is_v4() ? false : segment.dont_fragment;
    const auto parts = fragment(encode(segment), 64, 1);
    Reassembly reassembly;
    for (std::size_t i = parts.size(); parts.size() > 1 && i-- > 0;) {
        const auto result = reassembly.add(parts[i], ghostpeer::run_start);
        if (result != (i > 0 ? Reassembly::Result::held : Reassembly::Result::whole)) {
            std::abort();
        }
    }
    if (parts.size() > 1 && decode(reassembly.packet()) != Decoded(segment)) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    (void)ghostpeer::packets::icmp_error({IcmpKind::fragmentation_needed, 1200}, bytes);
    (void)read_options(bytes);
    (void)fragment(bytes, 16, 1);
    (void)ghostpeer::packets::echo_reply(bytes);
    (void)decode(bytes);
    put_together(bytes);
    // Fuzzers do not guess checksums.
    const Decoded decoded = decode(bytes, {.verify_checksums = false});
    if (const auto* segment = std::get_if<Segment>(&decoded)) {
        (void)format(*segment, {.seq = segment->seq, .ack = segment->ack});
        const Bytes packet = encode(*segment);
        if (packet.size() != packet_size(*segment) || decode(packet) != decoded) {
            std::abort();
        }
        if (encode(*segment, Distortion{}) != packet) {
            std::abort();
        }
        if (!ghostpeer::test::differences(*segment, packet).empty()) {
            std::abort();
        }
        cut_and_join(*segment);
        Distortion lie{.options = Bytes(data, data + std::min<std::size_t>(size, 50))};
        lie.data_offset = static_cast<std::uint8_t>(size);
        lie.total_length = static_cast<std::uint16_t>(size * 7);
        (void)decode(encode(*segment, lie));
    }
    return 0;
}
