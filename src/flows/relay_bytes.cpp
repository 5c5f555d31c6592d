#include "flows/relay_bytes.hpp"

#include <algorithm>

namespace ghostpeer::flows {
namespace {

// What the driver may hold of one connection beside the kernel's buffers.
constexpr std::size_t driver_share = 256 * 1024;

}  // namespace

void take_all(Connection& connection, RelayState& relay, std::size_t most) {
    const auto waiting = connection.tcb.readable();
    const std::size_t n = std::min(waiting.size(), most);
    relay.outgoing.insert(relay.outgoing.end(), waiting.begin(),
                          waiting.begin() + static_cast<std::ptrdiff_t>(n));
    connection.tcb.consume(n);
}

void relay_read(Connection& connection, std::size_t max_buffered) {
    if (!connection.extras || !connection.extras->relay) {
        return;
    }
    RelayState& relay = *connection.extras->relay;
    const std::size_t limit = std::min(driver_share, max_buffered);
    const std::size_t held = relay.outgoing.size() + relay.with_driver;
    take_all(connection, relay, held < limit ? limit - held : 0);
}

void relay_write(Connection& connection, Instant now, tcp::Output& out) {
    if (connection.extras && connection.extras->relay && connection.extras->relay->ended &&
        connection.extras->service.output.empty()) {
        connection.tcb.transmit(now, out);
        connection.tcb.shutdown(out);
    }
}

}  // namespace ghostpeer::flows
