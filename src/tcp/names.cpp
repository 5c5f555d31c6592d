#include "ghostpeer/tcp/names.hpp"

namespace ghostpeer::tcp {

namespace {

template <typename Enum>
std::optional<Enum> parse(std::string_view word, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        const auto value = static_cast<Enum>(i);
        if (name(value) == word) {
            return value;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(State state) noexcept {
    switch (state) {
        case State::closed: return "closed";
        case State::listen: return "listen";
        case State::syn_sent: return "syn-sent";
        case State::syn_received: return "syn-received";
        case State::established: return "established";
        case State::fin_wait_1: return "fin-wait-1";
        case State::fin_wait_2: return "fin-wait-2";
        case State::close_wait: return "close-wait";
        case State::closing: return "closing";
        case State::last_ack: return "last-ack";
        case State::time_wait: return "time-wait";
    }
    return "unknown";
}

std::string_view rfc_name(State state) noexcept {
    switch (state) {
        case State::closed: return "CLOSED";
        case State::listen: return "LISTEN";
        case State::syn_sent: return "SYN-SENT";
        case State::syn_received: return "SYN-RECEIVED";
        case State::established: return "ESTABLISHED";
        case State::fin_wait_1: return "FIN-WAIT-1";
        case State::fin_wait_2: return "FIN-WAIT-2";
        case State::close_wait: return "CLOSE-WAIT";
        case State::closing: return "CLOSING";
        case State::last_ack: return "LAST-ACK";
        case State::time_wait: return "TIME-WAIT";
    }
    return "UNKNOWN";
}

std::string_view name(Kind kind) noexcept {
    switch (kind) {
        case Kind::syn: return "syn";
        case Kind::syn_ack: return "syn-ack";
        case Kind::data: return "data";
        case Kind::fin: return "fin";
        case Kind::ack: return "ack";
        case Kind::keepalive_probe: return "keepalive-probe";
        case Kind::window_probe: return "window-probe";
        case Kind::rst: return "rst";
    }
    return "unknown";
}

std::string_view name(Reason reason) noexcept {
    switch (reason) {
        case Reason::syn: return "syn";
        case Reason::syn_ack: return "syn-ack";
        case Reason::handshake_ack: return "handshake-ack";
        case Reason::data: return "data";
        case Reason::ack: return "ack";
        case Reason::ack_of_fin: return "ack-of-fin";
        case Reason::keepalive_reply: return "keepalive-reply";
        case Reason::window_probe_reply: return "window-probe-reply";
        case Reason::duplicate_ack: return "duplicate-ack";
        case Reason::challenge_ack: return "challenge-ack";
        case Reason::window_update: return "window-update";
        case Reason::fin: return "fin";
        case Reason::rst: return "rst";
        case Reason::keepalive_probe: return "keepalive-probe";
        case Reason::window_probe: return "window-probe";
    }
    return "unknown";
}

std::optional<State> parse_state(std::string_view word) noexcept {
    return parse<State>(word, state_count);
}

std::optional<Kind> parse_kind(std::string_view word) noexcept {
    return parse<Kind>(word, kind_count);
}

std::optional<Reason> parse_reason(std::string_view word) noexcept {
    return parse<Reason>(word, reason_count);
}

}  // namespace ghostpeer::tcp
