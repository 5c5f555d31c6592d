// Addresses that forged packets come from.
#pragma once

#include "profile/document/words.hpp"

#include "ghostpeer/profile/forgery.hpp"
#include "ghostpeer/wire/address.hpp"

#include <optional>

namespace ghostpeer::profile {

/// `198.18.255.1`, `2001:2::9`
[[nodiscard]] std::optional<wire::IpAddress> read_address(const Entry& entry, Context& context);

/// An address, a port, or both: `198.18.0.9`, `:81`, `198.18.0.9:81`, `[2001:2::9]:81`.
[[nodiscard]] std::optional<ForgedSource> read_source(const Entry& entry, Context& context);

}  // namespace ghostpeer::profile
