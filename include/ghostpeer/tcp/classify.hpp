// What an arriving segment is for.
#pragma once

#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/segment.hpp"

namespace ghostpeer::tcp {

/// What the classifier needs to know of a connection.
struct ClassifyContext {
    bool synchronized = false;   ///< ESTABLISHED or later, or gone after that
    wire::SeqNum rcv_nxt;        ///< RCV.NXT, or its last value
    bool window_closed = false;  ///< the window last offered on the wire was 0
};

/// Exactly one kind for any segment. Order: RST, SYN+ACK, SYN, FIN, payload, probe, ACK. A probe
/// is an ACK without payload at RCV.NXT-1 on a synchronized connection; only the window tells
/// the two probes apart (Linux: tcp_xmit_probe_skb).
[[nodiscard]] Kind classify(const wire::Segment& segment, const ClassifyContext& context) noexcept;

}  // namespace ghostpeer::tcp
