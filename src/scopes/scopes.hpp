// Scopes: peers that came together while a run goes on, with a record and a verdict of their own.
#pragma once

#include "event/sink.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/peer/engine.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ghostpeer::scopes {

/// Everything that a verdict on a scope is made of. It may be looked at in any thread.
struct Snapshot {
    std::string name;
    std::uint64_t number = 0;  ///< of its beginning: others may have had the name
    Instant at{};
    std::shared_ptr<const event::Run> run;
    std::vector<std::shared_ptr<const event::Event>> events;
    std::uint64_t left_out = 0;  ///< events that were not kept
    peer::ScopeCounts counts;
    std::vector<std::pair<std::string, std::string>> unmet_peers;  ///< names, and their profiles
};

/// What a scope is, for lists.
struct Summary {
    std::string name;
    Instant begun{};
    std::size_t connections = 0;  ///< so far
    bool asked = false;           ///< somebody has had its verdict
};

/// Hears the record of a run and keeps of it what belongs to a scope. Lives in the engine's thread.
class Scopes final : public event::Sink {
  public:
    static constexpr std::size_t most_scopes = 1'024;
    static constexpr std::size_t longest_name = 1'000;
    // Of one scope, and of all of them together.
    static constexpr std::size_t most_events = 50'000;
    static constexpr std::size_t most_bytes = std::size_t{256} * 1024 * 1024;

    explicit Scopes(std::shared_ptr<const event::Run> run) : run_(std::move(run)) {}

    /// The error is a complete sentence.
    [[nodiscard]] std::optional<std::string> begin(const std::string& name, Instant now);
    [[nodiscard]] bool has(std::string_view name) const { return scopes_.contains(name); }
    /// It is there, and does not end yet: peers may come to it.
    [[nodiscard]] bool takes(std::string_view name) const;
    /// From now on it takes nothing any more; false: it does not already, or is another one.
    [[nodiscard]] bool begin_end(std::string_view name, std::uint64_t number);
    [[nodiscard]] std::vector<Summary> all() const;
    /// Those whose verdict nobody has had.
    [[nodiscard]] std::vector<std::string> unasked() const;
    /// What the scope's verdict is made of, who had it is noted. The scope has to be there.
    [[nodiscard]] Snapshot look_at(std::string_view name, peer::Engine& engine, Instant now);
    void end(std::string_view name);

    void record(const event::Event& event) override;

  private:
    using Place = std::pair<wire::Endpoint, wire::Endpoint>;  ///< peer, program
    struct Scope {
        std::uint64_t number = 0;
        bool ends = false;
        Instant begun{};
        std::vector<std::shared_ptr<const event::Event>> events;
        std::size_t bytes = 0;
        std::uint64_t left_out = 0;
        std::size_t connections = 0;
        std::vector<std::string> profiles;  ///< names, each once
        // What is known of them by these:
        std::vector<std::uint32_t> profile_numbers;
        std::vector<event::ConnectionId> connection_ids;
        std::vector<Place> flows;
        bool asked = false;
    };

    void keep(Scope& scope, event::Event event);
    void keep(Scope& scope, std::shared_ptr<const event::Event> event);
    void keep_in_all(const event::Event& event);
    [[nodiscard]] Scope* of_connection(event::ConnectionId connection);
    [[nodiscard]] Scope* named(const std::string& name);
    void take(const event::Event& event, const event::Profile& profile);
    void take(const event::Event& event, const event::Start& start);

    std::shared_ptr<const event::Run> run_;
    std::map<std::string, Scope, std::less<>> scopes_;
    std::size_t bytes_ = 0;
    // By the names of their scopes.
    std::unordered_map<std::uint32_t, std::string> by_profile_;
    std::unordered_map<event::ConnectionId, std::string> by_connection_;
    std::map<Place, std::string> by_flow_;
    std::uint64_t begun_ = 0;
    std::optional<event::Event> attempt_;  ///< whose start is told next
};

}  // namespace ghostpeer::scopes
