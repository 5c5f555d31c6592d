#include "judge/given_up.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>

namespace ghostpeer::judge {
namespace {

/// Those whose times overlap: `aborts` of them were given up.
void attribute_some(const std::vector<Departed>& departed, std::span<const std::size_t> some,
                    std::uint64_t aborts, std::vector<GivenUp>& answers) {
    const auto likely = static_cast<std::uint64_t>(std::count_if(
        some.begin(), some.end(), [&](std::size_t index) { return departed[index].likely; }));
    for (const std::size_t index : some) {
        GivenUp& answer = answers[index];
        if (some.size() <= aborts) {
            answer = GivenUp::yes;
        } else if (departed[index].likely) {
            answer = likely <= aborts ? GivenUp::yes : GivenUp::unclear;
        } else {
            answer = likely < aborts ? GivenUp::unclear : GivenUp::no;
        }
    }
}

}  // namespace

std::vector<GivenUp> attribute(const std::vector<Departed>& departed) {
    std::vector<GivenUp> answers(departed.size(), GivenUp::no);
    std::vector<std::size_t> order(departed.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::erase_if(order,
                  [&](std::size_t index) { return departed[index].by <= departed[index].before; });
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return departed[a].before < departed[b].before;
    });
    for (std::size_t first = 0; first < order.size();) {
        const std::uint64_t low = departed[order[first]].before;
        std::uint64_t high = departed[order[first]].by;
        std::size_t end = first + 1;
        for (; end < order.size() && departed[order[end]].before < high; ++end) {
            high = std::max(high, departed[order[end]].by);
        }
        attribute_some(departed, std::span(order).subspan(first, end - first), high - low, answers);
        first = end;
    }
    return answers;
}

}  // namespace ghostpeer::judge
