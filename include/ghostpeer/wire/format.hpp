// A segment as text, in the manner of tcpdump: the one formatter for traces, logs and failures.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <string>

namespace ghostpeer::wire {

/// What sequence numbers are shown relative to.
struct NumberBase {
    SeqNum seq;  ///< initial number of the side that sent the segment
    SeqNum ack;  ///< initial number of the other side
    bool relative = true;
};

/// `number` counted from `initial`, in [-65536, 2^32 - 65536): a number just below the initial one
/// (a forged RST, a probe) is negative, while four gigabytes of stream stay positive.
[[nodiscard]] std::int64_t relative_number(SeqNum number, SeqNum initial) noexcept;

/// The flags as tcpdump writes them: `S`, `S.`, `.`, `P.`, `F.`, `R`, `none`.
[[nodiscard]] std::string format_flags(Flags flags);
/// The flags as letters of `SFRPAUEC`, as profiles and events write them: `S`, `SA`, `A`, `PA`.
[[nodiscard]] std::string flag_letters(Flags flags);
/// `mss 1460,sackOK,TS val 12 ecr 0,wscale 7`; sack blocks, `sack 1:101 201:301`, relative to
/// `base.ack`. Empty for a segment without options.
[[nodiscard]] std::string format_options(const Options& options, const NumberBase& base);
/// `[P.] seq 1:101 ack 1 win 502 <TS val 12 ecr 7> len 100`, without addresses.
[[nodiscard]] std::string format(const Segment& segment, const NumberBase& base);

}  // namespace ghostpeer::wire
