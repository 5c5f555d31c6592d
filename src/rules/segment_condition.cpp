#include "rules/segment_condition.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>

namespace ghostpeer::rules {
namespace {

using profile::NumberBound;
using profile::NumberRange;
using What = NearMiss::What;
using wire::SeqNum;

constexpr std::uint8_t ecn_field = 0x03;

/// A sum without names, which may be below zero: a number just before the initial one.
[[nodiscard]] std::int64_t plain_sum(const profile::SequenceExpression& sum) noexcept {
    std::int64_t total = 0;
    for (const profile::Term& term : sum.terms) {
        total += term.negative ? -std::int64_t{term.value} : std::int64_t{term.value};
    }
    return total;
}

[[nodiscard]] bool has_option(const wire::Options& options, std::uint8_t kind) {
    constexpr std::uint8_t mss = 2;
    constexpr std::uint8_t window_scale = 3;
    constexpr std::uint8_t sack_permitted = 4;
    constexpr std::uint8_t sack = 5;
    constexpr std::uint8_t timestamps = 8;
    const bool known =
        (kind == mss && options.mss) || (kind == window_scale && options.window_scale) ||
        (kind == sack_permitted && options.sack_permitted) ||
        (kind == sack && !options.sack.empty()) || (kind == timestamps && options.timestamps);
    return known ||
           std::find(options.skipped.begin(), options.skipped.end(), kind) != options.skipped.end();
}

class HeaderCheck {
  public:
    HeaderCheck(const profile::SegmentCondition& condition, const Moment& moment,
                NearMiss& near_miss)
        : condition_(condition),
          moment_(moment),
          segment_(*moment.segment),
          near_miss_(near_miss) {}

    [[nodiscard]] bool holds() {
        return numbers_hold() && flags_hold() && options_hold() && ip_holds();
    }

  private:
    [[nodiscard]] std::uint32_t value(const NumberBound& bound) const {
        return moment_.numbers != nullptr ? (*moment_.numbers)(bound.sum) : 0;
    }
    /// As the trace shows the number.
    [[nodiscard]] std::int64_t shown(SeqNum number, SeqNum initial) const {
        return moment_.base.relative ? wire::relative_number(number, initial)
                                     : std::int64_t{number.raw()};
    }
    /// How far the number is from the bound, below zero: before it.
    [[nodiscard]] std::int64_t beyond(SeqNum number, SeqNum initial,
                                      const NumberBound& bound) const {
        return bound.bare ? shown(number, initial) - plain_sum(bound.sum)
                          : std::int64_t{number - SeqNum(value(bound))};
    }
    bool in_range(const std::optional<NumberRange>& range, SeqNum number, SeqNum initial,
                  What what) {
        if (!range) {
            return true;
        }
        const std::int64_t above = range->least ? beyond(number, initial, *range->least) : 0;
        const std::int64_t below = range->most ? -beyond(number, initial, *range->most) : 0;
        const std::int64_t off = std::min(above, below);
        if (off >= 0) {
            return true;
        }
        near_miss_.note(what, static_cast<std::uint64_t>(shown(number, initial)),
                        static_cast<std::uint64_t>(-off));
        return false;
    }
    /// A window is no number that wraps.
    bool window_holds() {
        const auto& range = condition_.window;
        if (!range) {
            return true;
        }
        const auto bound = [&](const NumberBound& one) {
            return one.bare ? plain_sum(one.sum) : std::int64_t{value(one)};
        };
        const std::int64_t window = moment_.window;
        const std::int64_t above = range->least ? window - bound(*range->least) : 0;
        const std::int64_t below = range->most ? bound(*range->most) - window : 0;
        const std::int64_t off = std::min(above, below);
        if (off >= 0) {
            return true;
        }
        near_miss_.note(What::window, moment_.window, static_cast<std::uint64_t>(-off));
        return false;
    }
    bool numbers_hold() {
        const bool acks = segment_.has(wire::Flags::ack);
        if (condition_.ack && !acks) {
            near_miss_.note(What::some_flags, segment_.flags.bits, UINT64_MAX - 1);
            return false;
        }
        return in_range(condition_.seq, segment_.seq, moment_.base.seq, What::seq) &&
               in_range(condition_.ack, segment_.ack, moment_.base.ack, What::ack) &&
               window_holds() && sack_holds();
    }
    bool sack_holds() {
        const auto& blocks = segment_.options.sack;
        const auto is_at = [&](SeqNum edge, const NumberBound& bound) {
            return beyond(edge, moment_.base.ack, bound) == 0;
        };
        const bool there =
            std::all_of(condition_.sack.begin(), condition_.sack.end(), [&](const auto& wanted) {
                return std::any_of(blocks.begin(), blocks.end(), [&](const wire::SackBlock& block) {
                    return is_at(block.left, wanted.left) && is_at(block.right, wanted.right);
                });
            });
        if (there && (!condition_.any_sack || *condition_.any_sack == !blocks.empty())) {
            return true;
        }
        near_miss_.note(What::sack, 0, 1);
        return false;
    }
    bool flags_hold() {
        if (segment_.has(condition_.has.bits) &&
            (segment_.flags.bits & condition_.lacks.bits) == 0) {
            return true;
        }
        near_miss_.note(What::some_flags, segment_.flags.bits, 1);
        return false;
    }
    /// What is not there is in no range.
    bool in_range(const std::optional<profile::Range>& range, bool is_there, std::uint64_t number,
                  What what) {
        if (!range) {
            return true;
        }
        if (!is_there) {
            near_miss_.note(What::option, 0, UINT64_MAX - 1);
            return false;
        }
        if (range->contains(number)) {
            return true;
        }
        near_miss_.note(what, number,
                        number < range->least ? range->least - number : number - range->most);
        return false;
    }
    template <typename Number>
    bool in_range(const std::optional<profile::Range>& range, const std::optional<Number>& number,
                  What what) {
        return in_range(range, number.has_value(), number.value_or(0), what);
    }
    bool options_hold() {
        const wire::Options& options = segment_.options;
        const auto is_there = [&](std::uint8_t kind) { return has_option(options, kind); };
        if (!std::all_of(condition_.options.begin(), condition_.options.end(), is_there) ||
            std::any_of(condition_.no_options.begin(), condition_.no_options.end(), is_there)) {
            near_miss_.note(What::option, 0, 1);
            return false;
        }
        return in_range(condition_.mss, options.mss, What::mss) &&
               in_range(condition_.window_scale, options.window_scale, What::window_scale) &&
               in_range(condition_.urgent, segment_.has(wire::Flags::urg), segment_.urgent,
                        What::urgent);
    }
    bool ip_holds() {
        const bool v4 = segment_.source.address.is_v4();
        if (!in_range(condition_.ttl, true, segment_.ttl, What::ttl) ||
            !in_range(condition_.tos, true, segment_.tos, What::tos) ||
            !in_range(condition_.id, v4, segment_.ip_id, What::id)) {
            return false;
        }
        if (condition_.ecn && *condition_.ecn != (segment_.tos & ecn_field)) {
            near_miss_.note(What::ecn, segment_.tos & ecn_field, 1);
            return false;
        }
        if (condition_.df && (!v4 || *condition_.df != segment_.dont_fragment)) {
            near_miss_.note(What::df, 0, 1);
            return false;
        }
        return true;
    }

    const profile::SegmentCondition& condition_;
    const Moment& moment_;
    const wire::Segment& segment_;
    NearMiss& near_miss_;
};

}  // namespace

bool headers_hold(const profile::SegmentCondition& condition, const Moment& moment,
                  NearMiss& near_miss) {
    return HeaderCheck(condition, moment, near_miss).holds();
}

}  // namespace ghostpeer::rules
