#include "capture/conversation.hpp"
#include "capture/oddity.hpp"

#include <array>
#include <cstddef>

namespace ghostpeer::capture {
namespace {

constexpr std::array<std::string_view, oddity_kind_count> oddity_names{"syn-repeated",
                                                                       "syn-unanswered",
                                                                       "syn-ack-repeated",
                                                                       "refused",
                                                                       "silence",
                                                                       "reset",
                                                                       "rst-after-fin",
                                                                       "rst-other-ttl",
                                                                       "zero-window",
                                                                       "keepalives",
                                                                       "keepalives-unanswered",
                                                                       "acks-stop",
                                                                       "idle-timeout",
                                                                       "retransmissions",
                                                                       "fin-unanswered",
                                                                       "half-closed",
                                                                       "data-after-close",
                                                                       "window-shrinks",
                                                                       "small-mss",
                                                                       "small-window",
                                                                       "no-option",
                                                                       "out-of-order",
                                                                       "urgent",
                                                                       "ttl-varies",
                                                                       "data-on-syn",
                                                                       "strange-ack",
                                                                       "strange-sequence",
                                                                       "different-bytes",
                                                                       "icmp",
                                                                       "begins-in-middle",
                                                                       "still-open",
                                                                       "one-direction",
                                                                       "not-captured",
                                                                       "payload-cut",
                                                                       "duplicates",
                                                                       "offload",
                                                                       "fragments",
                                                                       "bound"};

constexpr std::array<std::string_view, 4> perspective_names{"unknown", "client", "server",
                                                            "middle"};

constexpr std::array<std::string_view, 8> end_names{"open",    "closed",     "half closed", "reset",
                                                    "refused", "unanswered", "unreachable", "lost"};

}  // namespace

std::string_view name(Side side) noexcept { return side == Side::client ? "client" : "server"; }

std::string_view name(OddityKind kind) noexcept {
    return oddity_names[static_cast<std::size_t>(kind)];
}

std::string_view name(Perspective perspective) noexcept {
    return perspective_names[static_cast<std::size_t>(perspective)];
}

std::optional<Perspective> parse_perspective(std::string_view word) noexcept {
    for (const Perspective one : {Perspective::client, Perspective::server, Perspective::middle}) {
        if (name(one) == word) {
            return one;
        }
    }
    return std::nullopt;
}

std::string_view name(Ended ended) noexcept { return end_names[static_cast<std::size_t>(ended)]; }

}  // namespace ghostpeer::capture
