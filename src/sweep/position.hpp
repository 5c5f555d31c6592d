// Where in a program's conversation a fault can strike: by connection, direction and place, which
// are the same in every run, and not by time.
#pragma once

#include "sweep/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::sweep {

struct Position {
    enum class Kind : std::uint8_t {
        segment,
        byte,   ///< behind a byte of what the peer answers
        pause,  ///< between two segments
    };
    Kind kind = Kind::segment;
    std::uint64_t attempt = 1;
    std::uint16_t port = 0;   ///< 0: the program dials but one
    bool in = false;          ///< of a segment: seen from the peer
    std::string what;         ///< of a segment: `syn`, `data`; of a byte: the segment that has it
    std::uint64_t nth = 1;    ///< of those of its connection
    bool payload = false;     ///< of a segment
    bool open = false;        ///< the handshake is over
    bool peer_dials = false;  ///< the peer is the client
    bool finished = false;    ///< the peer has sent its FIN, or the connection is gone
    std::uint64_t byte = 0;   ///< how many bytes of the answer have come to the program
    std::uint64_t whole = 0;  ///< length of the packet that is cut, up to there
    double at = 0;            ///< in the baseline, seconds; for pictures alone
};

/// `2nd data in of attempt 1`, `behind byte 12 of the answer of attempt 1`.
[[nodiscard]] std::string name(const Position& position);
/// `1st`, `22nd`
[[nodiscard]] std::string ordinal(std::uint64_t n);

/// How long nothing has to happen for it to be a pause.
inline constexpr double pause_seconds = 0.1;

struct PositionLimits {
    std::optional<std::uint64_t> attempt;  ///< only those of this one
    std::size_t bytes = 32;                ///< of each answer, spread over it
    std::vector<std::string> at;           ///< only those whose name has one of these; empty: all
};

struct Positions {
    std::vector<Position> all;  ///< in the order of the conversation
    std::size_t ambiguous = 0;  ///< connections that no rule could tell from another one
};

[[nodiscard]] Positions find_positions(const RunRecord& baseline, const PositionLimits& limits);

/// `most` boundaries of an answer of `length` bytes: 1, `length` - 1, `last`, and others between.
[[nodiscard]] std::vector<std::uint64_t> spread(std::uint64_t length, std::uint64_t last,
                                                std::size_t most);

}  // namespace ghostpeer::sweep
