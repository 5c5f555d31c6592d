// Memory for many small things that are met in no order: in pages of 2 MiB, where the kernel has
// them, finding one costs no walk through page tables that are in no cache either.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>

namespace ghostpeer {

/// Takes from the system and gives back to it; for few and large blocks (/sys/kernel/mm/
/// transparent_hugepage set to `madvise` or `always`; else these are ordinary pages).
class HugePages final : public std::pmr::memory_resource {
  public:
    /// Bytes that are given out now.
    [[nodiscard]] std::size_t in_use() const noexcept { return in_use_; }

  private:
    static constexpr std::size_t page = std::size_t{2} << 20U;

    void* do_allocate(std::size_t bytes, std::size_t /*alignment*/) override {
        void* const block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (block == MAP_FAILED) {
            throw std::bad_alloc();
        }
        // A program with a few connections touches one page and need not wait for 2 MiB of zeros.
        const std::size_t small = in_use_ == 0 ? page : 0;
        if (bytes > small) {
            (void)::madvise(static_cast<std::uint8_t*>(block) + small, bytes - small,
                            MADV_HUGEPAGE);
        }
        in_use_ += bytes;
        return block;
    }
    void do_deallocate(void* block, std::size_t bytes, std::size_t /*alignment*/) override {
        (void)::munmap(block, bytes);
        in_use_ -= bytes;
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::size_t in_use_ = 0;
};

}  // namespace ghostpeer
