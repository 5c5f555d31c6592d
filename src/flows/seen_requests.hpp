// Which requests have come, by their bytes: of each a number is kept, and no more.
#pragma once

#include "ghostpeer/tcp/memory_budget.hpp"

#include <cstddef>
#include <cstdint>

#include <tsl/robin_set.h>

namespace ghostpeer::flows {

class SeenRequests {
  public:
    enum class Found : std::uint8_t { fresh, repeated, no_room };

    /// Looks for the request and remembers it; what that takes is counted in `memory`.
    [[nodiscard]] Found note(std::uint64_t mark, tcp::MemoryBudget& memory);

  private:
    [[nodiscard]] std::size_t held() const noexcept;

    tsl::robin_set<std::uint64_t> marks_;
};

}  // namespace ghostpeer::flows
