// libFuzzer target: whatever the bytes are, the codec survives them, and a segment that it read
// is read back the same once it has been written.
//
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc
//       tests/fuzz/fuzz_codec.cpp src/wire/*.cpp -ltins -lfmt -o fuzz_codec
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/format.hpp"
#include "ghostpeer/wire/icmp.hpp"
#include "ghostpeer/wire/mangle.hpp"

#include <algorithm>
#include <cstdlib>

using namespace ghostpeer::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    (void)port_unreachable(bytes);
    (void)icmp_error(IcmpKind::fragmentation_needed, 1200, bytes);
    (void)read_options(bytes);
    (void)fragment(bytes, 16, 1);
    (void)echo_reply(bytes);
    (void)decode(bytes);
    // Fuzzers do not guess checksums.
    const Decoded decoded = decode(bytes, {.verify_checksums = false});
    if (const auto* segment = std::get_if<Segment>(&decoded)) {
        (void)format(*segment, {.seq = segment->seq, .ack = segment->ack});
        const Bytes packet = encode(*segment, 1);
        if (packet.size() != packet_size(*segment) || decode(packet) != decoded) {
            std::abort();
        }
        if (encode(*segment, Distortion{}, 1) != packet) {
            std::abort();
        }
        Distortion lie{.options = Bytes(data, data + std::min<std::size_t>(size, 50))};
        lie.data_offset = static_cast<std::uint8_t>(size);
        lie.total_length = static_cast<std::uint16_t>(size * 7);
        (void)decode(encode(*segment, lie));
    }
    return 0;
}
