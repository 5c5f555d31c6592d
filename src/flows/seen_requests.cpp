#include "flows/seen_requests.hpp"

#include <algorithm>

namespace ghostpeer::flows {
namespace {

constexpr std::size_t most_remembered = 1'000'000;
// What the table takes for each of its places.
constexpr std::size_t place_size = 16;

}  // namespace

std::size_t SeenRequests::held() const noexcept { return marks_.bucket_count() * place_size; }

SeenRequests::Found SeenRequests::note(std::uint64_t mark, tcp::MemoryBudget& memory) {
    if (marks_.contains(mark)) {
        return Found::repeated;
    }
    const std::size_t before = held();
    const bool grows =
        marks_.size() >= static_cast<std::size_t>(static_cast<float>(marks_.bucket_count()) *
                                                  marks_.max_load_factor());
    // While it grows, the old table is there beside one of twice the size.
    const bool room = !grows || memory.room_for(before) >= 2 * std::max(before, place_size);
    if (!room || marks_.size() >= most_remembered) {
        return Found::no_room;
    }
    marks_.insert(mark);
    memory.change(before, held());
    return Found::fresh;
}

}  // namespace ghostpeer::flows
