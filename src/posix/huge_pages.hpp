// Memory for many small things that are met in no order: in pages of 2 MiB, where the kernel has
// them, finding one costs no walk through page tables that are in no cache either.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <new>

namespace ghostpeer {

/// Takes from the system and gives back to it; for few and large blocks (/sys/kernel/mm/
/// transparent_hugepage set to `madvise` or `always`; else these are ordinary pages). Blocks lie
/// one behind the other in a range of addresses that is reserved once, because only what fills an
/// aligned page of 2 MiB can be one.
class HugePages final : public std::pmr::memory_resource {
  public:
    HugePages() = default;
    HugePages(const HugePages&) = delete;
    HugePages& operator=(const HugePages&) = delete;
    ~HugePages() override {
        if (range_ != nullptr) {
            (void)::munmap(range_, reserved);
        }
    }

    /// Bytes that are given out now.
    [[nodiscard]] std::size_t in_use() const noexcept { return in_use_; }

  private:
    static constexpr std::size_t page = std::size_t{2} << 20U;
    static constexpr std::size_t reserved = std::size_t{1} << 30U;  ///< addresses, no memory

    [[nodiscard]] static std::size_t whole_pages(std::size_t bytes) noexcept {
        return (bytes + page - 1) / page * page;
    }

    void* do_allocate(std::size_t bytes, std::size_t alignment) override {
        std::uint8_t* block = within_range(bytes, alignment);
        if (block == nullptr) {
            void* const alone = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (alone == MAP_FAILED) {
                throw std::bad_alloc();
            }
            block = static_cast<std::uint8_t*>(alone);
            (void)::madvise(block, bytes, MADV_HUGEPAGE);
        }
        in_use_ += bytes;
        return block;
    }

    /// The next bytes of the range; null where it cannot be had or is used up.
    std::uint8_t* within_range(std::size_t bytes, std::size_t alignment) noexcept {
        if (range_ == nullptr && !refused_) {
            void* const range = ::mmap(nullptr, reserved, PROT_NONE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            refused_ = range == MAP_FAILED;
            range_ = refused_ ? nullptr : static_cast<std::uint8_t*>(range);
            // The first aligned page begins here.
            taken_ = whole_pages(reinterpret_cast<std::uintptr_t>(range_)) -
                     reinterpret_cast<std::uintptr_t>(range_);
            open_ = taken_;
            first_ = taken_ + page;
        }
        const std::size_t from = (taken_ + alignment - 1) / alignment * alignment;
        const std::size_t until = open_ + whole_pages(from + bytes - std::min(open_, from + bytes));
        if (range_ == nullptr || until > reserved) {
            return nullptr;
        }
        if (until > open_ &&
            ::mprotect(range_ + open_, until - open_, PROT_READ | PROT_WRITE) != 0) {
            return nullptr;
        }
        // A program with a few connections touches one page and need not wait for 2 MiB of zeros.
        if (const std::size_t large = std::max(open_, first_); until > large) {
            (void)::madvise(range_ + large, until - large, MADV_HUGEPAGE);
        }
        open_ = std::max(open_, until);
        taken_ = from + bytes;
        return range_ + from;
    }

    void do_deallocate(void* block, std::size_t bytes, std::size_t /*alignment*/) override {
        auto* const begin = static_cast<std::uint8_t*>(block);
        if (range_ == nullptr || begin < range_ || begin >= range_ + reserved) {
            (void)::munmap(block, bytes);
        }  // what lies in the range goes back with it
        in_use_ -= bytes;
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }

    std::size_t in_use_ = 0;
    std::uint8_t* range_ = nullptr;
    bool refused_ = false;   ///< there is no such range to be had
    std::size_t taken_ = 0;  ///< up to here it is given out
    std::size_t open_ = 0;   ///< up to here it may be used
    std::size_t first_ = 0;  ///< from here on in large pages
};

}  // namespace ghostpeer
