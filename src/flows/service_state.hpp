// What a connection's service remembers: output that waits, and how far it has read.
#pragma once

#include "ghostpeer/profile/profile.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"
#include "rules/deed.hpp"
#include "script/digest.hpp"
#include "script/runner.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::flows {

using namespace rules;  // a connection is kept for them

/// Meters bytes at a rate: a unit is what 10 ms bring, at least one byte.
class Pacer {
  public:
    /// Bytes that may pass now.
    [[nodiscard]] std::uint64_t allowance(profile::Rate rate, Instant now);
    void spend(std::uint64_t bytes) noexcept { spent_ += bytes; }
    /// When the next unit may pass.
    [[nodiscard]] Instant next(profile::Rate rate) const noexcept;

  private:
    std::optional<Instant> origin_;
    std::uint64_t spent_ = 0;
};

/// Payload on its way to the TCP send buffer: a content, or bytes made up (offset modulo 251).
struct OutputItem {
    std::shared_ptr<const wire::Bytes> content;  ///< null: generated
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
    bool close_after = false;
    bool said = false;        ///< by a rule's `say`, not by the service: never held back by a rate
    bool push = true;         ///< false: what is said next may share its segment
    std::uint32_t piece = 0;  ///< bytes in one segment, at the most; 0: what fits
    std::optional<profile::Rate> rate;  ///< of what is said
    bool begun = false;                 ///< to be said
    bool of_script = false;             ///< said by the service
    Pledge pledge{};                    ///< that it begins to leave
};

struct ServiceState {
    std::deque<OutputItem> output;
    std::size_t matched = 0;           ///< of `respond`: so much of the pattern was read last
    std::size_t farewell_matched = 0;  ///< and of what asks it to close
    bool farewell = false;             ///< which has come since the last answer
    Pacer read_pacer;
    Pacer write_pacer;
    Pacer say_pacer;                 ///< of the item that is being said
    Instant retry = Instant::max();  ///< when a rate permits more
    bool source_started = false;
    bool close_when_said = false;  ///< once what rules `say` has been written
    bool shutdown_when_said = false;
    Pledge close_pledge;
    Pledge shutdown_pledge;
    bool together = false;  ///< what was said last may share its segment
    bool early = false;     ///< words that leave with the handshake's end have been written
    Pledge early_pledge;
    std::unique_ptr<script::Runner> script;  ///< of `script`, once the connection is there
    std::optional<profile::EndStep> script_ends;
    std::uint64_t answers = 0;  ///< that `respond` has begun
    // Of `respond`, where somebody asks whether a request comes twice:
    std::uint64_t mark = script::no_bytes;  ///< of the request so far
    std::vector<std::uint64_t> whole;       ///< marks of requests

    [[nodiscard]] std::uint64_t requests() const noexcept {
        return script ? script->requests() : answers;
    }
    [[nodiscard]] std::uint64_t responses() const noexcept {
        return script ? script->responses() : answers;
    }
};

}  // namespace ghostpeer::flows
