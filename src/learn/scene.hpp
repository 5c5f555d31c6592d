// A conversation as the program under test lived it: what it sent, what came, and when.
//
// A capture that was made elsewhere is put there: half of the round trip between the two places is
// taken from what the program sent and added to what came.
#pragma once

#include "capture/conversation.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ghostpeer::learn {

/// What is rehearsed of one conversation, at most; what comes behind it is left out, and said.
inline constexpr std::size_t most_segments = 20'000;

/// A round trip that is shorter is the time in which machines wake up, and no way between two.
inline constexpr Duration shortest_way = std::chrono::milliseconds(3);

struct Scene {
    capture::Side peer = capture::Side::server;  ///< the other one is the program under test
    wire::Endpoint peer_end;
    wire::Endpoint program_end;
    wire::SeqNum peer_isn;
    wire::SeqNum program_isn;
    bool peer_known = true;              ///< false: all that it sent is RST, with numbers of nobody
    bool has_handshake = true;           ///< false: one was made up, with packet number 0
    std::vector<capture::Segment> acts;  ///< of both, by `at`, which counts from the first one
    std::vector<capture::Icmp> icmp;     ///< about what the program sent, likewise
    Duration shift{};                    ///< the capture's time of an act: `at` + this
    Duration rtt{};                      ///< program to peer and back, as far as it was seen
    std::vector<std::string> remarks;    ///< for the report, complete sentences

    [[nodiscard]] bool by_peer(const capture::Segment& act) const noexcept {
        return act.from == peer;
    }
};

[[nodiscard]] Scene make_scene(const capture::Conversation& conversation, capture::Side peer);

/// In the sender's stream, behind the last number that it occupies.
[[nodiscard]] std::int64_t end_place(const capture::Segment& segment) noexcept;
/// SYN, FIN and payload: what it occupies of the sender's numbers.
[[nodiscard]] std::uint32_t occupied(const capture::Segment& segment) noexcept;

}  // namespace ghostpeer::learn
