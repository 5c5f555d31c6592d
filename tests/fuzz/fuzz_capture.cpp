// libFuzzer target: whatever stands in a file, libpcap and the reader of captures survive it, and
// what they tell is in order. (fuzz_learn gives the packets themselves.)
#include "capture/list.hpp"
#include "capture/read.hpp"
#include "compare/columns.hpp"
#include "compare/side_by_side.hpp"
#include "packets/packets.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>

using namespace ghostpeer;

namespace {

void check(const capture::Conversation& told) {
    if (told.end < told.begin || told.oddities.size() > capture::most_oddities) {
        std::abort();
    }
    std::uint64_t last = 0;
    for (const capture::Oddity& odd : told.oddities) {
        if (odd.packet < last || odd.words.empty()) {
            std::abort();
        }
        last = odd.packet;
    }
    for (const capture::Segment& segment : told.segments) {
        if (segment.payload.size() > segment.length || segment.fresh > segment.length) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes(data, size);
    const auto file = packets::open_with_libpcap(bytes);
    if (!file) {
        return file.error().empty() ? (std::abort(), 0) : 0;
    }
    capture::ReadOptions options;
    options.keep.all = true;
    options.most_conversations = 20;
    options.most_at_once = 5;
    options.most_segments = 200;
    options.most_payload = 20'000;
    const capture::Capture read = capture::read_capture(**file, options);
    for (const capture::Conversation& told : read.conversations) {
        check(told);
    }
    static_cast<void>(capture::list_text(read, "fuzz"));
    const auto column = compare::of_capture(read);
    if (!compare::are_alike({column, column})) {
        std::abort();
    }
    static_cast<void>(compare::side_by_side({column, column}));
    return 0;
}
