#include "cli/heap.hpp"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14
#endif

namespace ghostpeer::cli {
namespace {

constexpr int most_kept = 64 * 1024 * 1024;  // at the end of the heap, in bytes
// A larger block is mapped by itself, and unmapped when it is freed. The most that glibc takes.
constexpr int largest_in_heap = 32 * 1024 * 1024;
// What the shortest run takes.
constexpr std::size_t first_heap = std::size_t{192} * 1024;

// At once: each page by itself costs a fault. Older kernels say no to it.
void take_pages() noexcept {
    void* const block = std::malloc(first_heap);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<std::uintptr_t>(block) + page - 1) & ~(page - 1);
    if (block != nullptr) {
        static_cast<void>(
            madvise(reinterpret_cast<void*>(begin), first_heap - page, MADV_POPULATE_WRITE));
    }
    std::free(block);
}

}  // namespace

void prepare_heap() noexcept {
    mallopt(M_TRIM_THRESHOLD, most_kept);
    mallopt(M_MMAP_THRESHOLD, largest_in_heap);
    take_pages();
}

}  // namespace ghostpeer::cli
