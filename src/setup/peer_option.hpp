// One `--peer`, as it is written.
#pragma once

#include "ghostpeer/wire/address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::setup {

/// One `--peer`, taken apart.
struct PeerOption {
    std::string text;  ///< as it was written
    std::string name;  ///< a host name or an address; empty: every address
    std::optional<wire::IpAddress> address;
    std::optional<std::uint16_t> port;
    std::string profile;
};

/// The error is a complete sentence.
[[nodiscard]] tl::expected<PeerOption, std::string> parse_peer(const std::string& text);

}  // namespace ghostpeer::setup
