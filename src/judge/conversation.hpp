// The lines of the trace that a failed expectation is shown with.
#pragma once

#include "event/sink.hpp"
#include "judge/expectation.hpp"

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ghostpeer::judge {

/// Keeps the first and the last lines of a run; those between them are lost.
class Conversation final : public event::Sink {
  public:
    explicit Conversation(std::size_t kept = 1000) : kept_(kept) {}

    void record(const event::Event& event) override;

    /// What came later does not count.
    void forget_after(Instant at);

    /// The lines around what is marked (one of the events, at those times), or the last ones of the
    /// connections (unset: of all) where nothing is. Marked lines begin with `-> `, others with
    /// blanks.
    [[nodiscard]] std::vector<std::string> around(
        const std::vector<Sighting>& marked, const std::vector<profile::Event>& events,
        const std::optional<std::set<event::ConnectionId>>& connections = {}) const;
    /// The last lines of one connection.
    [[nodiscard]] std::vector<std::string> end_of(event::ConnectionId connection) const;

  private:
    struct Line {
        Instant at{};
        event::ConnectionId connection = 0;
        std::optional<tcp::Kind> kind;
        std::optional<tcp::Reason> reason;
        std::optional<tcp::State> state;
        std::string text;
        bool follows_gap = false;  ///< lines before it were lost
    };

    [[nodiscard]] std::optional<std::size_t> find(const Sighting& sighting,
                                                  const std::vector<profile::Event>& events) const;
    [[nodiscard]] const Line& line(std::size_t index) const;
    [[nodiscard]] std::size_t size() const noexcept { return first_.size() + last_.size(); }

    std::size_t kept_;
    std::vector<Line> first_;
    std::deque<Line> last_;
};

}  // namespace ghostpeer::judge
