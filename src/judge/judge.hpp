// The judge of a run: takes its record, while it runs or long after, and says what it amounts to.
#pragma once

#include "event/sink.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "judge/conversation.hpp"
#include "judge/follower.hpp"
#include "judge/report.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace ghostpeer::judge {

class Judge final : public event::Sink {
  public:
    /// Packets need not be told to it. A profile has to be loaded.
    void record(const event::Event& event) override;

    /// Does a profile ask how the program's side of its connections ends? If so, tell what the
    /// kernel says of its sockets, whenever that changes; best soon after a timer was due.
    [[nodiscard]] bool expects_outcomes() const noexcept {
        return asked_apart_ || follower_.expects_outcomes();
    }
    /// Is there a connection, or may there be one, of which the verdict tells how it ended? If so,
    /// tell which sockets are destroyed.
    [[nodiscard]] bool follows_sockets() const {
        return asked_apart_ || follower_.follows_sockets();
    }
    /// Is there a connection whose end is told?
    [[nodiscard]] bool has_attempts() const noexcept { return !follower_.outcomes().all().empty(); }

    /// Has the run been told to its end?
    [[nodiscard]] bool over() const noexcept { return end_ != nullptr; }
    [[nodiscard]] RunSummary summary() const;
    [[nodiscard]] event::Verdict verdict() const;
    /// The same where by now this was lost, and not what the run's end tells.
    [[nodiscard]] event::Verdict verdict(std::vector<event::Loss> lost) const;

  private:
    void take(const event::Profile& profile);
    void take_tally(event::Tally tally);
    void take_socket(const event::Socket& socket, Instant at);
    void take_end(std::shared_ptr<const event::End> end, Instant at);
    [[nodiscard]] event::Verdict verdict_of(RunSummary run) const;

    event::Run run_;
    std::optional<event::Exit> command_;
    std::vector<event::Profile> profiles_;
    std::size_t unjudged_profiles_ = 0;  ///< beyond as many as are judged
    std::vector<event::AttemptRecord> attempts_;
    std::vector<event::Tally> tallies_;
    event::Counters counters_;
    std::shared_ptr<const event::End> end_;
    Duration length_{};
    Follower follower_;
    std::optional<Conversation> conversation_;  ///< where somebody expects something
    std::optional<Instant> concluded_;
    std::vector<std::string> surprises_;      ///< what scripts had no word for, sentences
    std::vector<std::string> casualties_;     ///< programs behind the peer that failed, sentences
    std::vector<std::string> failed_scopes_;  ///< whose verdict nobody has asked for, sentences
    // Of scopes, which have verdicts of their own:
    std::unordered_set<std::uint32_t> profiles_apart_;
    std::unordered_set<event::ConnectionId> connections_apart_;
    bool asked_apart_ = false;  ///< some of them ask how the program's sockets end
};

}  // namespace ghostpeer::judge
