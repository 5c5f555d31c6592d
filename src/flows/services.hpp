// What the peer's application does with bytes.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/tcp/output.hpp"
#include "rules/deed.hpp"

#include <cstddef>

namespace ghostpeer::flows {

/// The application reads what has arrived, as its service does.
void service_read(Connection& connection, Instant now, std::size_t max_buffered);
/// The application writes what it has to say, and closes where it is done.
/// Nothing is written that finds no room; true: so it is with something now.
bool service_write(Connection& connection, Instant now, tcp::Output& out);
void say(Connection& connection, const profile::Say& what, Pledge&& pledge);
[[nodiscard]] bool may_say(const Connection& connection);
/// What waits, of rules and of the service, is written to the TCP core, as far as that takes it.
void speak(Connection& connection, Instant now, tcp::Output& out);
/// Words of a rule wait for their turn, so a close or shutdown has to wait for them.
[[nodiscard]] bool still_saying(const Connection& connection);
/// What a rule says now, and how it closes, has to wait for the handshake.
[[nodiscard]] bool before_handshake(const Connection& connection);
/// Its application has a connection, or will have one if all goes well.
[[nodiscard]] bool reachable(const Connection& connection);

}  // namespace ghostpeer::flows
