// Addresses, and blocks of them.
#pragma once

#include "ghostpeer/wire/address_block.hpp"
#include "profile/document/errors.hpp"

#include <vector>

namespace ghostpeer::profile {

/// `198.18.0.7`, `198.18.64.0/24`, or a list of such; what is none is reported.
[[nodiscard]] std::vector<wire::AddressBlock> read_address_blocks(const Entry& entry,
                                                                  Errors& errors);

}  // namespace ghostpeer::profile
