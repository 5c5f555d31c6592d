// One `--peer`, as it is written.
#pragma once

#include "ghostpeer/wire/address.hpp"
#include "setup/run_options.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

/// One `--peer`, or one profile of its list, taken apart.
struct PeerOption {
    std::string text;    ///< as it was written, all of it
    std::string name;    ///< a host name or an address; empty: every address
    bool named = false;  ///< `name` is a host's
    /// The one that stands in the place of a name, or behind a name's profile.
    std::optional<wire::IpAddress> address;
    std::optional<std::uint16_t> port;
    std::string profile;
    // Of a list alone:
    std::optional<std::size_t> position;  ///< from 0 on
    std::optional<Family> family;         ///< `@ipv4`, `@ipv6`: an address of that kind
    /// Where it is, once names have addresses; empty: everywhere.
    std::vector<wire::IpAddress> addresses;
};

/// A place and one profile. The error is a complete sentence.
[[nodiscard]] tl::expected<PeerOption, std::string> parse_peer(const std::string& text);

/// The same, or a name with several: `NAME=[A, B]`, `NAME=A@ADDR,B@ADDR`, in the order written.
/// Never empty.
[[nodiscard]] tl::expected<std::vector<PeerOption>, std::string> parse_peers(
    const std::string& text);

}  // namespace ghostpeer::setup
