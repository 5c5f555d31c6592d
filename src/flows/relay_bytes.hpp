// The bytes of a relayed connection, between the peer's TCP and the driver.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/tcp/output.hpp"

#include <cstddef>

namespace ghostpeer::flows {

/// At most so many of those that have arrived are the driver's now.
void take_all(Connection& connection, RelayState& relay, std::size_t most);
/// As many as the driver may hold.
void relay_read(Connection& connection, std::size_t max_buffered);
void relay_write(Connection& connection, Instant now, tcp::Output& out);

}  // namespace ghostpeer::flows
