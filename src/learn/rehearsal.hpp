// A profile's peer meets the program of a capture: our own engine, fed with what the program sent,
// when it sent it. What the peer says is beside what the capture shows (`likeness.hpp`).
#pragma once

#include "learn/draft.hpp"
#include "learn/scene.hpp"

#include "ghostpeer/wire/packet_library.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::learn {

/// What the program met, of the capture or of a rehearsal.
struct Line {
    Duration at{};
    wire::Segment segment;       ///< without addresses; of an ICMP error nothing
    std::int64_t place = 0;      ///< in the peer's stream: SYN 0, first byte 1
    std::int64_t ack_place = 0;  ///< in the program's
    std::uint64_t offered = 0;   ///< the window in bytes
    std::uint32_t length = 0;    ///< payload
    std::optional<wire::IcmpKind> icmp;
    std::uint32_t mtu = 0;
    std::size_t cause = 0;  ///< the program's act that came last before it, by `Scene::acts`;
                            ///< `Scene::acts.size()`: none
    std::optional<tcp::Reason> reason;  ///< of a rehearsal: why the engine sent it
    std::uint64_t packet = 0;           ///< of the capture
    /// The program had to send something again before it came.
    bool after_repeat = false;
};

/// Of the capture, in order.
[[nodiscard]] std::vector<Line> heard(const Scene& scene);

struct Rehearsed {
    std::vector<Line> lines;
    std::string error;  ///< the loader does not take the profile: its words; empty: it does
    std::vector<tcp::Kind> kinds;  ///< of each act of the program, as the engine took it; others:
                                   ///< `ack`
    std::size_t fed = 0;           ///< acts of the program that it was given
    std::size_t turns = 0;         ///< of the engine's clock
    std::vector<bool> acted;       ///< by rule of the draft: all that it says was done once
};

/// The first attempt of the sheet meets the scene.
[[nodiscard]] Rehearsed rehearse(const Scene& scene, const Sheet& sheet,
                                 wire::PacketLibrary& packets);

}  // namespace ghostpeer::learn
