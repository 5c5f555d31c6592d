// What a relayed connection remembers beside its TCP state.
#pragma once

#include "ghostpeer/flows/upstream_error.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ghostpeer::flows {

struct RelayState {
    enum class Phase : std::uint8_t {
        connecting,  ///< the SYN waits for the real server's answer
        open,
        failed,  ///< no connection to the real server came about
        over,    ///< nothing more is asked of the driver
    };

    std::optional<wire::Segment> syn;  ///< the last one that arrived, while connecting
    wire::Bytes outgoing;              ///< read from the client and not yet given to the driver
    std::size_t with_driver = 0;       ///< bytes that the driver has and the real server has not
    Phase phase = Phase::connecting;
    UpstreamError error = UpstreamError::refused;  ///< of `failed`
    bool ended = false;                            ///< the real server has finished
    bool finish = false;                           ///< the client has finished, all of it is read
    bool finish_told = false;
    bool paused = false;
    bool pause_told = false;
    bool listed = false;  ///< among those that have something for the driver
};

}  // namespace ghostpeer::flows
