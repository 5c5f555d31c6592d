// `--dns`: how the run's name server answers for a name.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/dns.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

/// One `--dns`, taken apart.
struct DnsOption {
    std::string text;                   ///< as it was written
    std::string name;                   ///< in lower case; empty: every name (`*`)
    std::optional<std::uint16_t> type;  ///< `/A`, `/AAAA`: of these questions alone
    std::optional<bool> over_tcp;       ///< `/udp`, `/tcp`: likewise

    Duration late{};
    std::optional<wire::DnsOutcome> outcome;  ///< `no_error`: a name that has no such address
    std::uint64_t lose = 0;                   ///< the first so many get no answer
    bool truncate = false;                    ///< over UDP the answer is: ask over TCP
    std::vector<wire::IpAddress> addresses;   ///< in this order; empty: what the name has anyhow

    /// The more is said of it, the sooner it is meant.
    [[nodiscard]] int specificity() const noexcept {
        return (name.empty() ? 0 : 4) + (type ? 2 : 0) + (over_tcp ? 1 : 0);
    }
};

/// The most specific first. The error is a complete sentence.
[[nodiscard]] tl::expected<std::vector<DnsOption>, std::string> parse_dns(
    const std::vector<std::string>& texts);

}  // namespace ghostpeer::setup
