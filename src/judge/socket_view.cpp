#include "judge/socket_view.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace ghostpeer::judge {
namespace {

[[nodiscard]] std::optional<tcp::State> to_state(std::string_view word) {
    using tcp::State;
    constexpr std::array<std::pair<std::string_view, State>, 9> states{
        {{"ESTAB", State::established},
         {"SYN-SENT", State::syn_sent},
         {"SYN-RECV", State::syn_received},
         {"FIN-WAIT-1", State::fin_wait_1},
         {"FIN-WAIT-2", State::fin_wait_2},
         {"TIME-WAIT", State::time_wait},
         {"CLOSE-WAIT", State::close_wait},
         {"LAST-ACK", State::last_ack},
         {"CLOSING", State::closing}}};
    for (const auto& [known, state] : states) {
        if (known == word) {
            return state;
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<SocketView> to_view(const event::Socket& socket, Instant now) {
    SocketView view;
    view.flow = {socket.dst, socket.src};
    view.gone = socket.state == event::gone;
    const auto state = to_state(view.gone ? socket.last_state : socket.state);
    if (!state) {
        return std::nullopt;
    }
    view.state = *state;
    view.last_seen = view.gone ? socket.last_seen : now;
    view.aborts_before = socket.aborts_before;
    view.aborts = socket.aborts;
    if (view.gone) {
        view.due = socket.due;
    } else if (socket.timer != event::SocketTimer::none) {
        view.due = now + socket.expires;
    }
    return view;
}

}  // namespace ghostpeer::judge
