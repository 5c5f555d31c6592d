#include "help/search.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <string_view>

namespace ghostpeer::help {
namespace {

struct Synonym {
    std::string_view word;
    std::array<std::string_view, 8> others;  ///< the empty ones at the end are none
};

/// What people say of a fault, and how names and summaries call it.
constexpr std::array table{
    Synonym{"bandwidth", {"rate", "slow", "link", "window", "throughput"}},
    Synonym{"blackhole", {"silent", "unanswered", "unplug", "silence"}},
    Synonym{"close", {"fin", "shutdown", "half-close"}},
    Synonym{"congestion", {"loss", "lossy", "retransmission", "ecn"}},
    Synonym{"crash", {"reboot", "reset", "vanish", "forget"}},
    Synonym{"dead", {"silent", "blackhole", "reboot", "vanish", "unplug"}},
    Synonym{"delay", {"latency", "late", "slow", "rtt"}},
    Synonym{"disconnect", {"reset", "fin", "close", "unplug", "reboot"}},
    Synonym{"drop", {"lost", "loss", "lossy", "withheld", "unanswered"}},
    Synonym{"eof", {"fin", "close", "truncated"}},
    Synonym{"firewall", {"nat", "middlebox", "icmp", "prohibited", "refuse", "filtered"}},
    Synonym{"flaky", {"lossy", "loss", "twice", "retry"}},
    Synonym{"freeze", {"silent", "stall", "zero-window", "stop", "hang"}},
    Synonym{"hang", {"silent", "blackhole", "stall", "never", "unanswered", "zero-window"}},
    Synonym{"idle", {"keepalive", "nat", "timeout"}},
    Synonym{"jitter", {"latency", "late", "lossy", "reorder", "delay"}},
    Synonym{"k8s", {"kube"}},
    Synonym{"kill", {"reset", "reboot", "rst"}},
    Synonym{"kubernetes", {"kube"}},
    Synonym{"lag", {"latency", "late", "slow"}},
    Synonym{"latency", {"late", "slow", "delay"}},
    Synonym{"loss", {"lossy", "lost", "dropped", "withheld"}},
    Synonym{"mtu", {"path-mtu", "fragment", "blackhole"}},
    Synonym{"nat", {"middlebox", "idle", "keepalive"}},
    Synonym{"ordering", {"reorder", "reordering", "overlap"}},
    Synonym{"outage", {"unplug", "blackhole", "reboot", "unreachable", "silent"}},
    Synonym{"partial", {"truncated", "cut", "pieces"}},
    Synonym{"partition", {"unplug", "blackhole", "silent"}},
    Synonym{"proxy", {"http-proxy", "socks5", "relay"}},
    Synonym{"restart", {"reboot", "reset", "forget"}},
    Synonym{"rst", {"reset"}},
    Synonym{"slow", {"late", "latency", "trickle", "rate", "delay"}},
    Synonym{"ssl", {"tls", "certificate"}},
    Synonym{"stall", {"zero-window", "stop", "silent", "slow-reader", "never reads"}},
    Synonym{"throttle", {"rate", "slow", "trickle", "window"}},
    Synonym{"timeout", {"silent", "late", "blackhole", "unanswered", "idle"}},
    Synonym{"tls", {"ssl", "certificate"}},
    Synonym{"truncate", {"truncated", "cut"}},
    Synonym{"vpn", {"path-mtu", "mtu", "tunnel"}},
    Synonym{"wifi", {"lossy", "loss", "latency"}},
};

[[nodiscard]] std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

/// Everything that is searched of a profile.
[[nodiscard]] std::string text_of(const profile::Listing& listing) {
    std::string text = lower(listing.name) + "\n" + lower(listing.summary);
    for (const auto tag : listing.tags) {
        text += "\n" + lower(tag);
    }
    return text;
}

/// At a word's beginning: `nat` is not in `alternate`.
[[nodiscard]] bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        if (at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0) {
            return true;
        }
    }
    return false;
}

[[nodiscard]] bool is_about(std::string_view text, const std::string& word) {
    if (has_word(text, word)) {
        return true;
    }
    const auto known = std::find_if(table.begin(), table.end(),
                                    [&](const Synonym& one) { return one.word == word; });
    return known != table.end() &&
           std::any_of(known->others.begin(), known->others.end(), [&](std::string_view other) {
               return !other.empty() && has_word(text, other);
           });
}

}  // namespace

std::vector<profile::Listing> search(std::vector<profile::Listing> listings,
                                     const std::vector<std::string>& words) {
    std::vector<std::string> wanted;
    wanted.reserve(words.size());
    for (const std::string& word : words) {
        wanted.push_back(lower(word));
    }
    std::erase_if(listings, [&](const profile::Listing& listing) {
        const auto text = text_of(listing);
        return !std::all_of(wanted.begin(), wanted.end(),
                            [&](const std::string& word) { return is_about(text, word); });
    });
    return listings;
}

std::vector<std::string> synonyms() {
    std::vector<std::string> words(std::size(table));
    std::transform(std::begin(table), std::end(table), words.begin(),
                   [](const auto& one) { return std::string(one.word); });
    return words;
}

}  // namespace ghostpeer::help
