// The way between the program and the peer, as a profile or the command line gives it.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::profile {

/// Two states, of which the bad one loses every packet (Gilbert 1960): losses come in runs, as on
/// a radio link. Losses without memory are the case in which both chances to be lost are the same.
struct Loss {
    double good_to_bad = 0;  ///< the chance for each packet
    double bad_to_good = 1;  ///< likewise
    friend bool operator==(const Loss&, const Loss&) = default;

    [[nodiscard]] static Loss plain(double share) noexcept { return {share, 1 - share}; }
    [[nodiscard]] bool is_plain() const noexcept;
};

/// One direction. What is unset is as it was before, and in the end: unlimited, none, at once.
struct LinkWay {
    static constexpr std::uint64_t unlimited = 0;

    std::optional<std::uint64_t> rate;  ///< bits per second, or unlimited
    std::optional<Duration> delay;      ///< behind the last bit's departure
    std::optional<Duration> jitter;     ///< so much more or less of it
    std::optional<Loss> loss;
    std::optional<double> reorder;       ///< the share that overtakes by the delay
    std::optional<double> duplicate;     ///< the share that arrives twice
    std::optional<std::uint64_t> queue;  ///< bytes that wait for `rate`; default_queue
    friend bool operator==(const LinkWay&, const LinkWay&) = default;

    [[nodiscard]] bool by_chance() const noexcept;
};

inline constexpr std::uint64_t default_queue = 64 * 1024;

struct Link {
    LinkWay up;    ///< from the program to the peer
    LinkWay down;  ///< from the peer to the program
    friend bool operator==(const Link&, const Link&) = default;

    [[nodiscard]] bool by_chance() const noexcept { return up.by_chance() || down.by_chance(); }
};

/// What is set above takes the place of what is below.
void overlay(LinkWay& below, const LinkWay& above) noexcept;
void overlay(Link& below, const Link& above) noexcept;

/// As the language spells it: `{rate: 1Mbit/s, delay: 100ms}`; `{}` where nothing is set.
[[nodiscard]] std::string to_string(const LinkWay& way);
/// Both directions, once where they are the same.
[[nodiscard]] std::string to_string(const Link& link);

/// A key of `link:` and its value as the command line gives it (`rate`, `1Mbit/s`). The keys of a
/// direction, `up` and `down`, may stand without braces. The error is a complete sentence.
[[nodiscard]] tl::expected<Link, std::string> parse_link(
    const std::vector<std::pair<std::string, std::string>>& keys);

}  // namespace ghostpeer::profile
