#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/tally.hpp"

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

std::string_view name(OnTheWay what) noexcept {
    switch (what) {
        case OnTheWay::lost: return "lost";
        case OnTheWay::queue_full: return "queue-full";
        case OnTheWay::copied: return "copied";
    }
    return "?";
}

std::string_view sentence(OnTheWay what) noexcept {
    switch (what) {
        case OnTheWay::lost: return "lost by the link";
        case OnTheWay::queue_full: return "lost, queue full";
        case OnTheWay::copied: return "copied by the link";
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

std::string_view name(Ending ending) noexcept {
    switch (ending) {
        case Ending::unanswered: return "unanswered";
        case Ending::open: return "open";
        case Ending::half_closed: return "half-closed";
        case Ending::closed: return "closed";
        case Ending::refused: return "refused";
        case Ending::reset_by_peer: return "reset by the peer";
        case Ending::reset_by_program: return "reset by the program";
        case Ending::timed_out: return "timed out";
        case Ending::forgotten: return "forgotten";
    }
    return "?";
}

std::string_view name(Ended ended) noexcept {
    switch (ended) {
        case Ended::command: return "command";
        case Ended::timeout: return "timeout";
        case Ended::wall_timeout: return "wall-timeout";
        case Ended::finish: return "finish";
        case Ended::run_for: return "for";
        case Ended::signal: return "signal";
        case Ended::scope: return "scope";
    }
    return "command";
}

}  // namespace ghostpeer::event
