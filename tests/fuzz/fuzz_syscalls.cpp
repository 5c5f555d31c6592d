// libFuzzer target: whatever stands where strace's output should, the parser survives it, keeps
// nothing without bound, and tells the same however the bytes are cut. The first byte says how.
#include "syscalls/arguments.hpp"
#include "syscalls/parser.hpp"
#include "syscalls/selection.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace ghostpeer;
using namespace ghostpeer::syscalls;

namespace {

std::vector<Call> parse(std::string_view text, std::size_t piece) {
    Parser parser;
    std::vector<Call> calls;
    while (!text.empty()) {
        parser.feed(text.substr(0, piece), calls);
        text.remove_prefix(std::min(piece, text.size()));
    }
    parser.finish(std::chrono::seconds(2'000'000'000), calls);
    return calls;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto calls = parse(text, size);
    if (parse(text, data[0] + std::size_t{1}).size() != calls.size()) {
        std::abort();
    }
    const Selection selection("network");
    for (const Call& call : calls) {
        constexpr std::size_t longest = 2100;
        if (call.arguments.size() > longest || call.detail.size() > longest) {
            std::abort();
        }
        (void)selection.shows(call);
        for (const auto annotation : annotations(call.arguments)) {
            (void)ends_of(annotation);
            (void)inode_of(annotation);
        }
        for (const auto argument : split_arguments(call.arguments)) {
            (void)socket_address(argument);
        }
    }
    return 0;
}
