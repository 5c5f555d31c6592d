// Where the events of a run go: the trace, the event stream, the packet capture.
#pragma once

#include "ghostpeer/peer/event.hpp"
#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::observe {

/// How COMMAND ended.
struct Exit {
    int status = 0;             ///< its exit status; meaningless where a signal ended it
    std::optional<int> signal;  ///< the signal that ended it
};

/// The kernel's timer of a socket, as `ss -o` names it (net/ipv4/inet_diag.c, inet_sk_diag_fill).
enum class SocketTimer : std::uint8_t { none, on, keepalive, timewait, persist };

[[nodiscard]] std::string_view name(SocketTimer timer) noexcept;

/// The state of a socket that the kernel does not list any more.
inline constexpr std::string_view gone = "GONE";

/// The state of one that the kernel says to have freed. Sinks are not told.
inline constexpr std::string_view destroyed = "DESTROYED";

/// The kernel's view of one of the program's sockets, when it differs from the view before.
struct SocketEvent {
    wire::Endpoint src;  ///< the program's end
    wire::Endpoint dst;
    std::string_view state;  ///< as `ss` writes it: `ESTAB`, `SYN-SENT`; or `gone`
    SocketTimer timer = SocketTimer::none;
    Duration expires{};         ///< time left of the timer, milliseconds exact
    std::uint32_t retries = 0;  ///< retransmissions or probes that went unanswered
    std::uint32_t recv_q = 0;   ///< bytes
    std::uint32_t send_q = 0;   ///< bytes
    // Of one that is gone:
    std::string_view last_state;  ///< the state in which it was seen last
    Instant last_seen{};          ///< when that was
    std::optional<Instant> due;   ///< when its timer was to fire, as of then
    // How many sockets the kernel had given up; unset: it does not tell.
    std::optional<std::uint64_t> aborts_before;  ///< of one that is gone: when it was seen last
    std::optional<std::uint64_t> aborts;         ///< by now, or before a listing that shows it
    bool retried = true;  ///< one that is destroyed had sent something in vain, as far as known
};

/// What one rule did in the whole run.
struct RuleOutcome {
    profile::Place rule;
    std::string event;  ///< `receive keepalive-probe`
    std::uint64_t fired = 0;
    std::uint64_t withheld = 0;  ///< segments
    std::string profile;         ///< its name
    bool must_fire = true;
    std::string failure;  ///< a sentence; empty: none
    bool fault = true;    ///< it does more than to end the run
};

/// A sentence about something that did not come about, and what is to be seen of it.
struct Failure {
    std::string sentence;                   ///< complete; most begin with `FILE:LINE: `
    std::vector<std::string> excerpt = {};  ///< lines to show below it
};

/// What came of one expectation.
struct ExpectationOutcome {
    profile::Place place;
    std::string profile;  ///< its name
    std::string text;     ///< in one line: `see: receive rst, within: 15s of start`
    bool pass = true;
    std::uint64_t count = 0;           ///< how often it was seen
    std::vector<Instant> seen;         ///< the first times, at most 32
    std::string summary;               ///< `seen 3 times`
    std::string failure;               ///< a sentence that begins with the place; empty: none
    std::vector<std::string> excerpt;  ///< of a failure: the source line, the conversation
};

/// Something that the run as a whole had to do, beside its rules and expectations.
struct RunCheck {
    std::string name;     ///< `COMMAND exits with status 0`
    std::string failure;  ///< a sentence; empty: none
    std::string skipped;  ///< why it was not judged, a sentence; empty: it was
};

/// Something that was to be written and was not.
struct Loss {
    std::string sentence;
    bool vital = false;  ///< programs read it: a run without it is not whole
};

/// What a run amounted to; see `make_verdict` (report.hpp).
struct Verdict {
    int status = 0;        ///< the run's exit status
    bool pass = true;      ///< it is 0
    std::string headline;  ///< `pass, COMMAND exited with status 0 after 1.019 s`
    /// Nothing is wrong but COMMAND's own end, which COMMAND tells itself.
    bool only_command = false;
    std::vector<RunCheck> checks;
    std::vector<Failure> failures;
    std::vector<std::string> report;  ///< lines to print between headline and failures
    std::string_view ended;           ///< `command`, `timeout`, `finish`, `signal`
    std::optional<Exit> command;      ///< how COMMAND ended
    Duration length{};
    std::uint64_t seed = 0;
    std::uint64_t attempts = 0;
    std::vector<std::string> profiles;  ///< names, each once
    std::vector<RuleOutcome> rules;
    std::vector<ExpectationOutcome> expectations;
    std::vector<Loss> lost;
    std::string kernel;  ///< of a run in virtual time: `Linux 6.12.117`; else empty
};

/// A receiver of everything that a run shows. Writing never fails towards the caller and blocks
/// for a bounded time only: a full disk or a closed pipe must not change the run.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    virtual void event(const peer::Event& /*event*/) {}
    /// One IP packet, as it came or as it left.
    virtual void packet(peer::Direction /*direction*/, Instant /*at*/,
                        std::span<const std::uint8_t> /*bytes*/) {}
    virtual void socket(Instant /*at*/, const SocketEvent& /*socket*/) {}
    virtual void exit(Instant /*at*/, const Exit& /*exit*/) {}
    virtual void verdict(Instant /*at*/, const Verdict& /*verdict*/) {}

    /// Hands what is buffered to the kernel, as far as it takes it without waiting. The run loop
    /// calls it when it has nothing to do, and at least every 50 ms while there are events.
    virtual void flush() {}
    /// `flush` left something behind because the reader is slow; call it again soon.
    [[nodiscard]] virtual bool pending() const { return false; }
    /// Writes the rest; waits up to a second for a slow reader. Call it before `lost` at the end.
    virtual void finish() {}
    /// A sentence about what could not be written; nothing where all was.
    [[nodiscard]] virtual std::optional<std::string> lost() const { return std::nullopt; }
    /// Programs read what it writes.
    [[nodiscard]] virtual bool vital() const { return false; }
};

}  // namespace ghostpeer::observe
