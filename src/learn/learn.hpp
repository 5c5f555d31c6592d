// From conversations of a capture to a profile whose peer does what the real one did.
//
// An honest peer is the yardstick. It meets what the program of the capture sent; where what it
// says and what the capture shows part for the first time, each rule that could explain it is
// rehearsed, and the one that leads furthest stays. So every rule that is written is one without
// which the peer would do something else.
#pragma once

#include "capture/conversation.hpp"
#include "learn/draft.hpp"

#include "ghostpeer/wire/packet_library.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ghostpeer::learn {

struct Options {
    capture::Side peer = capture::Side::server;  ///< the other end is the program under test
    bool strict = false;  ///< the script waits for so many bytes, never for a pattern
    bool redact = false;
    /// Segments that rehearsals may take, all of them together: some seconds of work.
    std::size_t effort = 6'000'000;
    std::string capture_name{};  ///< of the file, for the profile's head
};

/// How far a conversation has been understood.
struct Account {
    std::uint32_t conversation = 0;
    std::size_t captured = 0;  ///< segments of the peer
    std::size_t alike = 0;     ///< of these, those that the profile's peer says as well
    std::size_t rehearsals = 0;
    /// What no rule says, and what cannot be told: complete sentences with packet numbers.
    std::vector<std::string> open;
    std::vector<std::string> rules;  ///< the comments of its rules, in order
};

struct Lesson {
    Written profile;
    std::string report;
    std::vector<Account> accounts;
    std::string error;  ///< nothing could be learned: why, a complete sentence; empty: it could
};

/// All attempts to one server, in order; at least one, each with its segments.
[[nodiscard]] Lesson learn(const std::vector<const capture::Conversation*>& attempts,
                           const Options& options, wire::PacketLibrary& packets);

}  // namespace ghostpeer::learn
