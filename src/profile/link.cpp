#include "ghostpeer/profile/link.hpp"

#include "ghostpeer/profile/loader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>

namespace ghostpeer::profile {
namespace {

template <typename Value>
void put(std::optional<Value>& below, const std::optional<Value>& above) noexcept {
    if (above) {
        below = above;
    }
}

[[nodiscard]] std::string text_of_rate(std::uint64_t rate) {
    if (rate == LinkWay::unlimited) {
        return "unlimited";
    }
    constexpr std::array<std::pair<std::uint64_t, const char*>, 3> units{
        {{1'000'000'000, "G"}, {1'000'000, "M"}, {1000, "k"}}};
    for (const auto& [factor, letter] : units) {
        if (rate >= factor && rate * 1000 % factor == 0) {
            return fmt::format("{}{}bit/s", static_cast<double>(rate) / static_cast<double>(factor),
                               letter);
        }
    }
    return fmt::format("{}bit/s", rate);
}

[[nodiscard]] std::string text_of_share(double share) {
    // Counted in millionths of a percent, as they are read.
    return fmt::format("{}%", std::round(share * 1e8) / 1e6);
}

[[nodiscard]] std::string text_of_size(std::uint64_t bytes) {
    constexpr std::uint64_t kibi = 1024;
    return bytes % kibi == 0 && bytes > 0 ? fmt::format("{}KiB", bytes / kibi)
                                          : fmt::format("{}B", bytes);
}

}  // namespace

bool Loss::is_plain() const noexcept { return std::abs(good_to_bad + bad_to_good - 1) < 1e-12; }

bool LinkWay::by_chance() const noexcept {
    return loss || (jitter && *jitter > Duration::zero()) || (reorder && *reorder > 0) ||
           (duplicate && *duplicate > 0);
}

void overlay(LinkWay& below, const LinkWay& above) noexcept {
    put(below.rate, above.rate);
    put(below.delay, above.delay);
    put(below.jitter, above.jitter);
    put(below.loss, above.loss);
    put(below.reorder, above.reorder);
    put(below.duplicate, above.duplicate);
    put(below.queue, above.queue);
}

void overlay(Link& below, const Link& above) noexcept {
    overlay(below.up, above.up);
    overlay(below.down, above.down);
}

std::string to_string(const LinkWay& way) {
    std::vector<std::string> parts;
    if (way.rate) {
        parts.push_back("rate: " + text_of_rate(*way.rate));
    }
    if (way.delay) {
        parts.push_back("delay: " + format_time(*way.delay));
    }
    if (way.jitter) {
        parts.push_back("jitter: " + format_time(*way.jitter));
    }
    if (way.loss) {
        parts.push_back(way.loss->is_plain()
                            ? "loss: " + text_of_share(way.loss->good_to_bad)
                            : fmt::format("loss: {{good_to_bad: {}, bad_to_good: {}}}",
                                          text_of_share(way.loss->good_to_bad),
                                          text_of_share(way.loss->bad_to_good)));
    }
    if (way.reorder) {
        parts.push_back("reorder: " + text_of_share(*way.reorder));
    }
    if (way.duplicate) {
        parts.push_back("duplicate: " + text_of_share(*way.duplicate));
    }
    if (way.queue) {
        parts.push_back("queue: " + text_of_size(*way.queue));
    }
    return fmt::format("{{{}}}", fmt::join(parts, ", "));
}

std::string to_string(const Link& link) {
    return link.up == link.down
               ? to_string(link.up)
               : fmt::format("{{up: {}, down: {}}}", to_string(link.up), to_string(link.down));
}

}  // namespace ghostpeer::profile
