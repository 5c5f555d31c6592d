#include "cli/heap.hpp"

#include <malloc.h>

namespace ghostpeer::cli {
namespace {

constexpr int most_kept = 64 * 1024 * 1024;  // at the end of the heap, in bytes
// A larger block is mapped by itself, and unmapped when it is freed. The most that glibc takes.
constexpr int largest_in_heap = 32 * 1024 * 1024;

}  // namespace

void keep_freed_memory() noexcept {
    mallopt(M_TRIM_THRESHOLD, most_kept);
    mallopt(M_MMAP_THRESHOLD, largest_in_heap);
}

}  // namespace ghostpeer::cli
