// The trace that people read: one line for each segment, in the manner of tcpdump.
//
//   0.000021  #1   >  [S] seq 0 win 64240 <mss 1460,sackOK,TS,wscale 7>   syn
//   5.003017  #1   >x [.] seq 0 ack 1 win 502           keepalive-probe  dropped by nat.yaml:7
//
// `>` runs from the program to the peer, `<` back. The mark after it says what happened on the way:
// `x` withheld, `~` held back for a while, `+` an extra copy, `*` changed.
#pragma once

#include "event/sink.hpp"
#include "show/output_file.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace ghostpeer::show {

enum class TraceDetail : std::uint8_t {
    all,
    /// What a rule touched, states, attempts, calls that failed; how many segments were between.
    faults,
    states,  ///< states, attempts and what is said in words: no segments, sockets or calls
};

struct TraceOptions {
    bool colour = false;
    TraceDetail detail = TraceDetail::all;
};

/// The line of an event without colour, with its line end; empty: it has none.
[[nodiscard]] std::string trace_line(const event::Event& event);

[[nodiscard]] std::unique_ptr<event::Sink> make_trace(OutputFile file,
                                                      const TraceOptions& options = {});

}  // namespace ghostpeer::show
