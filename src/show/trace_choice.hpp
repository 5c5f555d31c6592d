// Which events `--trace` lets through.
#pragma once

#include "ghostpeer/event/call.hpp"
#include "ghostpeer/event/event.hpp"
#include "show/trace.hpp"

#include <memory>

namespace ghostpeer::show {

/// Did a rule do something to it?
[[nodiscard]] inline bool touched(const event::Segment& segment) {
    const bool passed = segment.fate == event::Fate::accepted || segment.fate == event::Fate::sent;
    return !passed || segment.rule || segment.forgery || segment.on_the_way;
}

/// Does the trace show such an event?
struct TraceChoice {
    TraceDetail detail = TraceDetail::all;

    bool operator()(const event::Segment& segment) const {
        return detail == TraceDetail::all || (detail == TraceDetail::faults && touched(segment));
    }
    bool operator()(const std::shared_ptr<const event::Call>& call) const {
        const bool failed = !call->returned || !call->error.empty();
        return detail == TraceDetail::all || (detail == TraceDetail::faults && failed);
    }
    bool operator()(const event::Socket& /*socket*/) const { return detail == TraceDetail::all; }
    bool operator()(const event::Rule& /*rule*/) const { return detail != TraceDetail::states; }
    bool operator()(const event::Icmp& /*icmp*/) const { return detail != TraceDetail::states; }
    template <typename Other>
    bool operator()(const Other& /*other*/) const {
        return true;
    }
};

}  // namespace ghostpeer::show
