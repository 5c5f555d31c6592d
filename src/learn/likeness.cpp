#include "learn/likeness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace ghostpeer::learn {

using namespace std::chrono_literals;
using wire::Flags;

namespace {

/// An ACK may wait for so long for more to acknowledge (Linux: TCP_DELACK_MAX), and a little more.
constexpr Duration ack_slack = 250ms;
/// Windows below it stop a program; larger ones seldom matter.
constexpr std::uint64_t small_window = 4096;
constexpr std::size_t most_ahead = 64;  // lines that are looked through for an ACK

std::uint8_t compared_flags(const wire::Segment& segment) noexcept {
    return segment.flags.bits & static_cast<std::uint8_t>(~Flags::psh);
}

/// Two lists, walked side by side.
class Walk {
  public:
    Walk(const std::vector<Line>& captured, const std::vector<Line>& rehearsed,
         const Passed& passed, Duration rtt, Duration end)
        : captured_(captured), rehearsed_(rehearsed), passed_(passed), rtt_(rtt), end_(end) {}

    Likeness compare() {
        for (;;) {
            skip_passed();
            if (at_end()) {
                return result_;
            }
            if (both() && matches()) {
                if (!same_window(c(), r())) {
                    part(Difference::window);
                    return result_;
                }
                ++result_.alike;
                take_captured();
                take_rehearsed();
            } else if (free_rehearsed()) {
                ++result_.free;
                take_rehearsed();
            } else if (free_captured()) {
                ++result_.free;
                ++result_.alike;
                take_captured();
            } else {
                part(kind());
                return result_;
            }
        }
    }

  private:
    [[nodiscard]] bool has_captured() const noexcept { return i_ < captured_.size(); }
    [[nodiscard]] bool has_rehearsed() const noexcept {
        // What would be an answer to the last that the capture has, nobody knows.
        return j_ < rehearsed_.size() && (rehearsed_[j_].at < end_ || has_captured());
    }
    [[nodiscard]] bool both() const noexcept { return has_captured() && has_rehearsed(); }
    [[nodiscard]] bool at_end() const noexcept { return !has_captured() && !has_rehearsed(); }
    [[nodiscard]] const Line& c() const noexcept { return captured_[i_]; }
    [[nodiscard]] const Line& r() const noexcept { return rehearsed_[j_]; }

    void skip_passed() {
        while (has_captured() && i_ < passed_.captured.size() && passed_.captured[i_]) {
            take_captured();
        }
        while (has_rehearsed() && std::ranges::any_of(passed_.rehearsed, [&](const Line& line) {
                   return line.cause == r().cause && same_numbers(line, r()) &&
                          line.icmp == r().icmp;
               })) {
            take_rehearsed();
        }
    }

    void take_captured() {
        acked_captured_ = std::max(acked_captured_, c().ack_place);
        sent_captured_ = std::max(sent_captured_, learn::end_place(c()));
        last_at_ = c().at;
        ++i_;
    }
    void take_rehearsed() {
        acked_rehearsed_ = std::max(acked_rehearsed_, r().ack_place);
        ++j_;
    }

    /// The waits of a host differ from another's a little, those before it sends something again
    /// more.
    [[nodiscard]] Duration tolerance() const {
        const Duration gap = c().at - last_at_;
        const bool again = learn::end_place(c()) > c().place && c().place < sent_captured_;
        const Duration least = c().segment.has(Flags::syn) ? 50ms : 20ms;  // a host that wakes up
        return std::max<Duration>({least, rtt_ / 3, again ? gap / 2 : gap / 7});
    }
    [[nodiscard]] bool same_time() const {
        const Duration off = c().at < r().at ? r().at - c().at : c().at - r().at;
        return off <= tolerance();
    }
    [[nodiscard]] bool matches() const {
        return same_numbers(c(), r()) && same_header(c(), r()) && same_time();
    }

    [[nodiscard]] static bool reaches(const std::vector<Line>& lines, std::size_t from,
                                      std::int64_t acked, const Line& of, Duration slack) {
        if (acked >= of.ack_place) {
            return true;
        }
        const std::size_t end = std::min(lines.size(), from + most_ahead);
        for (std::size_t at = from; at < end && lines[at].at <= of.at + slack; ++at) {
            if (lines[at].segment.has(Flags::ack) && !lines[at].segment.has(Flags::rst) &&
                lines[at].ack_place >= of.ack_place) {
                // What the program has to send again first was not acknowledged late, but never.
                const Line& later = lines[at].cause > of.cause ? lines[at] : of;
                return lines[at].cause == of.cause || !later.after_repeat;
            }
        }
        return false;
    }
    [[nodiscard]] bool free_rehearsed() const {
        return has_rehearsed() && plain_ack(r()) && r().ack_place > acked_rehearsed_ &&
               r().reason != tcp::Reason::handshake_ack && r().segment.options.sack.empty() &&
               reaches(captured_, i_, acked_captured_, r(), ack_slack);
    }
    [[nodiscard]] bool free_captured() const {
        return has_captured() && plain_ack(c()) && c().ack_place > acked_captured_ &&
               c().segment.options.sack.empty() && c().offered >= small_window &&
               reaches(rehearsed_, j_, acked_rehearsed_, c(), ack_slack);
    }

    [[nodiscard]] Difference kind() const {
        if (!has_rehearsed()) {
            return Difference::missing;
        }
        if (!has_captured()) {
            return Difference::extra;
        }
        if (same_numbers(c(), r())) {
            return same_header(c(), r()) ? Difference::time : Difference::fields;
        }
        if (c().at + tolerance() < r().at) {
            return Difference::missing;
        }
        if (r().at + tolerance() < c().at) {
            return Difference::extra;
        }
        return Difference::fields;
    }
    void part(Difference what) { result_.parting = Parting{what, i_, j_}; }

    const std::vector<Line>& captured_;
    const std::vector<Line>& rehearsed_;
    const Passed& passed_;
    Duration rtt_;
    Duration end_;
    Likeness result_;
    std::size_t i_ = 0;
    std::size_t j_ = 0;
    std::int64_t acked_captured_ = 0;
    std::int64_t acked_rehearsed_ = 0;
    std::int64_t sent_captured_ = 0;
    Duration last_at_{};
};

}  // namespace

std::int64_t end_place(const Line& line) noexcept {
    return line.place + static_cast<std::int64_t>(line.length) +
           (line.segment.has(Flags::syn) ? 1 : 0) + (line.segment.has(Flags::fin) ? 1 : 0);
}

bool plain_ack(const Line& line) noexcept {
    return !line.icmp && line.length == 0 && compared_flags(line.segment) == Flags::ack;
}

bool same_numbers(const Line& one, const Line& other) noexcept {
    if (one.icmp || other.icmp) {
        return one.icmp == other.icmp && one.mtu == other.mtu;
    }
    return compared_flags(one.segment) == compared_flags(other.segment) &&
           one.place == other.place && one.ack_place == other.ack_place &&
           one.length == other.length;
}

bool same_header(const Line& one, const Line& other) noexcept {
    const wire::Options& a = one.segment.options;
    const wire::Options& b = other.segment.options;
    if (one.segment.has(Flags::rst)) {
        return one.segment.ttl == other.segment.ttl;
    }
    return a.mss == b.mss && a.window_scale == b.window_scale &&
           a.sack_permitted == b.sack_permitted &&
           a.timestamps.has_value() == b.timestamps.has_value() && a.sack == b.sack &&
           one.segment.ttl == other.segment.ttl &&
           (!one.segment.has(Flags::urg) || one.segment.urgent == other.segment.urgent);
}

bool same_window(const Line& one, const Line& other) noexcept {
    if (one.icmp || one.segment.has(Flags::rst) || one.segment.has(Flags::syn)) {
        return true;
    }
    const std::uint64_t less = std::min(one.offered, other.offered);
    const std::uint64_t more = std::max(one.offered, other.offered);
    if (less >= small_window) {
        return true;
    }
    return (less == 0) == (more == 0) && more - less <= std::max<std::uint64_t>(more / 8, 127);
}

std::string in_words(const Line& line) {
    if (line.icmp) {
        return fmt::format("an ICMP error ({})", wire::name(*line.icmp));
    }
    const wire::Segment& segment = line.segment;
    std::string words;
    const auto add = [&](std::uint8_t flag, std::string_view word) {
        if (segment.has(flag)) {
            words += (words.empty() ? "" : "-") + std::string(word);
        }
    };
    add(Flags::syn, "SYN");
    add(Flags::fin, "FIN");
    add(Flags::rst, "RST");
    if (segment.has(Flags::syn)) {
        add(Flags::ack, "ACK");
    }
    if (line.length > 0) {
        words +=
            fmt::format("{}{} bytes at {}", words.empty() ? "" : " with ", line.length, line.place);
    } else if (words.empty()) {
        words = segment.has(Flags::ack) ? "ACK" : "a segment without flags";
    }
    if (segment.has(Flags::urg)) {
        words += fmt::format(", urgent {}", segment.urgent);
    }
    if (segment.has(Flags::ack)) {
        words += fmt::format(", ack {}", line.ack_place);
    }
    return words;
}

Likeness compare(const std::vector<Line>& captured, const std::vector<Line>& rehearsed,
                 const Passed& passed, Duration rtt, Duration end) {
    return Walk(captured, rehearsed, passed, rtt, end).compare();
}

}  // namespace ghostpeer::learn
