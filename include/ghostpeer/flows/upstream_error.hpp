// Why there is no connection to a real server.
#pragma once

#include <cstdint>

namespace ghostpeer::flows {

/// Why there is no connection to the real server.
enum class UpstreamError : std::uint8_t {
    refused,      ///< it answered with RST
    unreachable,  ///< ICMP or no route; also a name that nobody knows
    timed_out,    ///< it never answered
};

}  // namespace ghostpeer::flows
