#include "warp/populate.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

namespace ghostpeer::warp {
namespace {

struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    bool writable = false;
};

/// One of more is no program's text, and would be taken whole.
constexpr std::uintptr_t largest = std::uintptr_t{32} * 1024 * 1024;

[[nodiscard]] std::vector<Range> own_ranges() {
    std::vector<Range> ranges;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0;
        unsigned long end = 0;
        char read = 0;
        char write = 0;
        // The kernel's own pages ([vvar], [vdso]) are there for all.
        if (std::sscanf(line.c_str(), "%lx-%lx %c%c", &begin, &end, &read, &write) == 4 &&
            read == 'r' && end - begin <= largest && line.find("[v") == std::string::npos) {
            ranges.push_back({begin, end, write == 'w'});
        }
    }
    return ranges;
}

}  // namespace

void populate_memory() {
    for (const Range& range : own_ranges()) {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): as /proc tells them
        madvise(reinterpret_cast<void*>(range.begin), range.end - range.begin,
                range.writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
    }
}

}  // namespace ghostpeer::warp
