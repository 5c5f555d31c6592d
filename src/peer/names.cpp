#include "ghostpeer/peer/statistics.hpp"

namespace ghostpeer::peer {

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

}  // namespace ghostpeer::peer
