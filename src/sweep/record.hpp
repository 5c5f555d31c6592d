// What a sweep needs of a run's record: its segments, and how it ended.
#pragma once

#include "ghostpeer/event/event.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

struct SegmentSeen {
    double t = 0;  ///< seconds since the start of the run
    std::uint64_t conn = 0;
    std::uint64_t attempt = 0;
    bool in = false;   ///< seen from the peer
    std::string what;  ///< kind of what came in, reason of what went out
    event::Fate fate = event::Fate::accepted;
    std::uint16_t from_port = 0;
    std::uint16_t to_port = 0;
    std::uint32_t raw_seq = 0;
    std::int64_t seq = 0;  ///< relative to the initial number
    std::uint64_t length = 0;
    std::uint64_t headers = 0;  ///< bytes of the packet before its payload
    bool retransmission = false;
    bool carries_on = false;  ///< told before, as delayed or as sent
    bool forged = false;      ///< made by an action, so no rule sees it
};

struct RuleSeen {
    std::string file;
    std::uint64_t fired = 0;
};

/// How a connection stood in the end.
struct ConnectionSeen {
    std::uint64_t attempt = 0;
    bool peer_dialled = false;
    std::uint64_t received = 0;  ///< payload bytes of the program's, in order
};

struct RunRecord {
    std::vector<SegmentSeen> segments;
    std::vector<ConnectionSeen> connections;
    std::map<std::uint64_t, std::uint16_t> dialled;  ///< by connection: the port
    std::optional<int> status;                       ///< COMMAND's own
    std::string signal;                              ///< that ended COMMAND: `SIGSEGV`
    bool complete = false;                           ///< there is a verdict
    /// `command`, `timeout`, `wall-timeout`, `finish`, `for`, `signal`
    std::string ended;
    /// Nothing was left to do, or its time was over, and COMMAND was told to end.
    [[nodiscard]] bool ended_by_peer() const { return ended == "finish" || ended == "for"; }
    std::string headline;
    std::string standstill;                ///< where COMMAND stood, in words; empty: it had ended
    std::vector<std::string> left_behind;  ///< programs that COMMAND left
    /// Connections that a process held when the run was over, and those of them that the peer had
    /// closed.
    std::uint64_t open = 0;
    std::uint64_t half_closed = 0;
    double duration = 0;  ///< seconds
    std::uint64_t attempts = 0;
    std::vector<RuleSeen> rules;
    /// By their ends: the program's sockets as they were seen last, until the run is over.
    std::map<std::pair<std::string, std::string>, std::string> sockets;
};

void add(RunRecord& record, const event::Event& event);

/// As far as it goes. The error, that there is none, is a complete sentence.
[[nodiscard]] tl::expected<RunRecord, std::string> read_record(const std::filesystem::path& file);

}  // namespace ghostpeer::sweep
