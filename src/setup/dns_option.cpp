#include "setup/dns_option.hpp"

#include "ghostpeer/profile/loader.hpp"
#include "profile/host_name.hpp"
#include "setup/option_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace ghostpeer::setup {
namespace {

constexpr std::size_t most_addresses = 100;
constexpr std::string_view words =
    "late TIME, lose, lose N, truncate, servfail, refused, nxdomain, nodata or addresses";

/// The word before the first blank, and what follows it.
[[nodiscard]] std::pair<std::string_view, std::string_view> first_word(std::string_view text) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    return {text.substr(0, end), trim(text.substr(end))};
}

[[nodiscard]] std::optional<wire::DnsOutcome> parse_outcome(std::string_view word) {
    if (word == "servfail") {
        return wire::DnsOutcome::server_failure;
    }
    if (word == "refused") {
        return wire::DnsOutcome::refused;
    }
    if (word == "nxdomain") {
        return wire::DnsOutcome::name_error;
    }
    return word == "nodata" ? std::optional(wire::DnsOutcome::no_error) : std::nullopt;
}

/// One part behind the `=`. Returns what is wrong with it; empty: nothing is.
[[nodiscard]] std::string read_part(std::string_view part, DnsOption& option) {
    const auto [word, rest] = first_word(part);
    if (const auto address = wire::IpAddress::parse(part)) {
        option.addresses.push_back(*address);
        return option.addresses.size() > most_addresses ? "there are more than 100 addresses" : "";
    }
    if (word == "late") {
        const auto time = profile::parse_time(rest);
        if (!time) {
            return fmt::format("`late` needs a time such as 5s, not \"{}\"", rest);
        }
        option.late = *time;
        return {};
    }
    if (word == "lose") {
        option.lose = UINT64_MAX;
        const auto [end, error] =
            std::from_chars(rest.data(), rest.data() + rest.size(), option.lose);
        const bool number = error == std::errc{} && end == rest.data() + rest.size();
        return rest.empty() || (number && option.lose > 0)
                   ? ""
                   : fmt::format("`lose` takes a number from 1 on, not \"{}\"", rest);
    }
    const auto outcome = parse_outcome(word);
    if (!rest.empty() || (!outcome && word != "truncate")) {
        return fmt::format("\"{}\" is none of {}", part, words);
    }
    if (outcome) {
        option.outcome = outcome;
    } else {
        option.truncate = true;
    }
    return {};
}

/// What stands behind a `/` of the name.
[[nodiscard]] bool read_kind(const std::string& kind, DnsOption& option) {
    if (kind == "a" || kind == "aaaa") {
        option.type = kind == "a" ? wire::dns_type_a : wire::dns_type_aaaa;
    } else if (kind == "udp" || kind == "tcp") {
        option.over_tcp = kind == "tcp";
    } else {
        return false;
    }
    return true;
}

[[nodiscard]] std::string read_name(std::string_view where, DnsOption& option) {
    std::size_t slash = where.find('/');
    std::string name = in_lower_case(trim(where.substr(0, slash)));
    while (slash != std::string_view::npos) {
        where.remove_prefix(slash + 1);
        slash = where.find('/');
        const std::string kind = in_lower_case(trim(where.substr(0, slash)));
        if (!read_kind(kind, option)) {
            return fmt::format("\"/{}\" is none of /A, /AAAA, /udp and /tcp", kind);
        }
    }
    if (name.size() > 1 && name.back() == '.') {
        name.pop_back();
    }
    if (name != "*" && !profile::is_host_name(name)) {
        return fmt::format("\"{}\" is no host name (and `*` would be every name)", name);
    }
    option.name = name == "*" ? "" : std::move(name);
    return {};
}

/// What cannot be together; empty: it can.
[[nodiscard]] std::string find_contradiction(const DnsOption& option) {
    if (option.outcome && !option.addresses.empty()) {
        return "an error has no addresses";
    }
    if (option.truncate && option.over_tcp == true) {
        return "over TCP no answer is truncated";
    }
    const auto fits = [&](const wire::IpAddress& address) {
        return !option.type || (*option.type == wire::dns_type_a) == address.is_v4();
    };
    const auto odd = std::find_if_not(option.addresses.begin(), option.addresses.end(), fits);
    return odd == option.addresses.end()
               ? ""
               : fmt::format("{} is no answer to such a question", odd->to_string());
}

[[nodiscard]] tl::expected<DnsOption, std::string> parse_one(const std::string& text) {
    DnsOption option;
    option.text = text;
    const auto fail = [&](const std::string& why) {
        return tl::make_unexpected(fmt::format(
            "--dns needs NAME[/A|/AAAA][/udp|/tcp]=ANSWER, such as 'db.example/AAAA=late 5s' or "
            "'db.example=lose 2, 192.0.2.7', but in \"{}\" {}.",
            text, why));
    };
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
        return fail("there is no `=`");
    }
    if (std::string why = read_name(std::string_view(text).substr(0, equals), option);
        !why.empty()) {
        return fail(why);
    }
    for (const std::string_view part : split_list(std::string_view(text).substr(equals + 1))) {
        if (std::string why = read_part(part, option); !why.empty()) {
            return fail(why);
        }
    }
    const std::string why = find_contradiction(option);
    return why.empty() ? tl::expected<DnsOption, std::string>(std::move(option)) : fail(why);
}

}  // namespace

tl::expected<std::vector<DnsOption>, std::string> parse_dns(const std::vector<std::string>& texts) {
    std::vector<DnsOption> options;
    for (const std::string& text : texts) {
        auto option = parse_one(text);
        if (!option) {
            return tl::make_unexpected(std::move(option.error()));
        }
        const auto same = std::find_if(options.begin(), options.end(), [&](const DnsOption& other) {
            return other.name == option->name && other.type == option->type &&
                   other.over_tcp == option->over_tcp;
        });
        if (same != options.end()) {
            return tl::make_unexpected(
                fmt::format("--dns '{}' and --dns '{}' are both for the same questions, so the "
                            "second would never be asked. Put them together, separated by commas, "
                            "or tell them apart with /A, /AAAA, /udp, /tcp.",
                            same->text, option->text));
        }
        options.push_back(std::move(*option));
    }
    std::stable_sort(options.begin(), options.end(), [](const DnsOption& a, const DnsOption& b) {
        return a.specificity() > b.specificity();
    });
    return options;
}

}  // namespace ghostpeer::setup
