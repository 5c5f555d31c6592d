// What a connection remembers while something is unsent or unacknowledged.
#pragma once

#include "ghostpeer/tcp/byte_queue.hpp"
#include "ghostpeer/wire/time.hpp"
#include "tcp/scoreboard.hpp"

#include <cstdint>

namespace ghostpeer::tcp {

/// Loss recovery. `lost_end` and `resend_nxt` describe it in either form: what is missing before
/// `lost_end` counts as lost, and what lies before `resend_nxt` has been sent again.
enum class Recovery : std::uint8_t {
    none,
    fast,     ///< duplicate ACKs or SACK (RFC 5681, 3.2; RFC 6582; RFC 6675)
    timeout,  ///< the retransmission timer ran out (RFC 6298, 5.4)
};

struct SendBuffer {
    ByteQueue bytes;  ///< from SND.UNA on; what the SYN and the FIN occupy is not in it
    Scoreboard scoreboard;
    wire::SeqNum lost_end;
    wire::SeqNum resend_nxt;
    wire::SeqNum
        recovery_point;      ///< SND.NXT when recovery began; it ends once this is acknowledged
    wire::SeqNum timed_end;  ///< the acknowledgement that ends the round trip being timed
    Instant timed_at{};
    std::uint32_t dup_bytes = 0;  ///< without SACK: what duplicate ACKs say has left the network
    wire::SeqNum reduced_at;      ///< SND.NXT when ECE was last reacted to; only if `reducing`
    std::uint8_t dup_acks = 0;
    Recovery recovery = Recovery::none;
    bool timing = false;
    bool reducing = false;
    bool resend_now = false;  ///< one retransmission may leave whatever the congestion window says
};

}  // namespace ghostpeer::tcp
