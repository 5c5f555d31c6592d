#include "ghostpeer/tcp/classify.hpp"

namespace ghostpeer::tcp {

using wire::Flags;

Kind classify(const wire::Segment& segment, const ClassifyContext& context) noexcept {
    if (segment.has(Flags::rst)) {
        return Kind::rst;
    }
    if (segment.has(Flags::syn | Flags::ack)) {
        return Kind::syn_ack;
    }
    if (segment.has(Flags::syn)) {
        return Kind::syn;
    }
    if (segment.has(Flags::fin)) {
        return Kind::fin;
    }
    if (!segment.payload.empty()) {
        return Kind::data;
    }
    if (context.synchronized && segment.has(Flags::ack) && segment.seq == context.rcv_nxt - 1) {
        return context.window_closed ? Kind::window_probe : Kind::keepalive_probe;
    }
    return Kind::ack;
}

}  // namespace ghostpeer::tcp
