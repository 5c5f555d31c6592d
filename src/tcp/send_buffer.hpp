// What a connection remembers while something is unsent or unacknowledged.
#pragma once

#include "ghostpeer/tcp/byte_queue.hpp"
#include "ghostpeer/wire/time.hpp"
#include "tcp/flight.hpp"

#include <cstdint>

namespace ghostpeer::tcp {

enum class Recovery : std::uint8_t {
    none,
    fast,     ///< time, SACK or duplicate ACKs tell of a loss (RFC 8985; RFC 5681, 3.2; RFC 6582)
    timeout,  ///< the retransmission timer ran out (RFC 6298, 5.4)
};

/// The segment that was sent last among those that are known to have arrived (RFC 8985, 5.3).
struct Rack {
    Instant sent_at{};
    wire::SeqNum right;
    Duration round_trip{};
};

/// What a reduction of the congestion window needs to be taken back (RFC 3522, RFC 3708).
struct Undo {
    std::uint32_t window = 0;
    std::uint32_t threshold = 0;
    std::uint32_t resent = 0;  ///< retransmissions not yet reported as duplicates; 0: no undo
    wire::SeqNum from;         ///< SND.UNA at the reduction
};

/// What has happened since a recovery began, in segments (RFC 9937).
struct Proportion {
    std::uint32_t delivered = 0;
    std::uint32_t sent = 0;
};

/// The tail loss probe that is on its way (RFC 8985, 7.4).
struct LossProbe {
    wire::SeqNum end;
    bool pending = false;
    bool resent = false;  ///< old data, so a duplicate report tells that nothing was lost
};

struct SendBuffer {
    ByteQueue bytes;  ///< from SND.UNA on; what the SYN and the FIN occupy is not in it
    Flight flight;
    Rack rack;
    Undo undo;
    Proportion proportion;
    std::uint32_t delivered = 0;  ///< segments, by the acknowledgement that is looked at
    LossProbe probe;
    wire::SeqNum recovery_point;  ///< SND.NXT when recovery began; it ends once this is acked
    wire::SeqNum small_end;       ///< end of the last segment that was not full (snd_sml in Linux)
    wire::SeqNum prompt_end;      ///< up to it, Nagle's algorithm holds nothing; only if `prompt`
    wire::SeqNum reordering_round;   ///< DSACK before this is acknowledged widens no window again
    std::uint32_t dup_segments = 0;  ///< without SACK: what duplicate ACKs say has arrived
    std::uint16_t on_syn = 0;        ///< bytes that the SYN carried
    Recovery recovery = Recovery::none;
    bool prompt = false;
    bool small_sent = false;  ///< `small_end` means something
    wire::SeqNum reduced_at;  ///< SND.NXT when ECE was last reacted to; only if `reducing`
    bool reducing = false;
    bool resend_now = false;  ///< one retransmission may leave whatever the congestion window says

    /// Something was sent twice, and whether it arrived twice may still be told.
    [[nodiscard]] bool awaits_report() const noexcept {
        return undo.resent > 0 || (probe.pending && probe.resent);
    }
};

}  // namespace ghostpeer::tcp
