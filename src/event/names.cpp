#include "ghostpeer/event/event.hpp"

namespace ghostpeer::event {

std::string_view name(Direction direction) noexcept {
    return direction == Direction::in ? "in" : "out";
}

std::string_view name(Fate fate) noexcept {
    switch (fate) {
        case Fate::accepted: return "accepted";
        case Fate::sent: return "sent";
        case Fate::dropped: return "dropped";
        case Fate::delayed: return "delayed";
        case Fate::duplicated: return "duplicated";
        case Fate::corrupted: return "corrupted";
        case Fate::edited: return "edited";
        case Fate::undelivered: return "undelivered";
    }
    return "?";
}

std::string_view name(SocketTimer timer) noexcept {
    switch (timer) {
        case SocketTimer::none: return "none";
        case SocketTimer::on: return "on";
        case SocketTimer::keepalive: return "keepalive";
        case SocketTimer::timewait: return "timewait";
        case SocketTimer::persist: return "persist";
    }
    return "none";
}

}  // namespace ghostpeer::event
