// What all answers are made from.
#pragma once

#include "control/desk.hpp"
#include "control/event_log.hpp"
#include "control/json.hpp"
#include "control/peer_names.hpp"
#include "control/places.hpp"
#include "control/query.hpp"
#include "ghostpeer/peer/statistics.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/relays.hpp"
#include "http/message.hpp"
#include "scopes/scopes.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::control {

/// What statistics were when somebody took them last.
struct Baseline {
    Instant at{};
    peer::Counters counters;
    std::uint64_t attempts = 0;
    std::map<std::pair<std::string, int>, std::pair<std::uint64_t, std::uint64_t>> rules;
};

/// Engines know a profile by its address, so one of the catalogue is loaded once.
class ProfileCache {
  public:
    /// `fresh`: what is counted of it is nobody else's.
    [[nodiscard]] profile::LoadResult load(const std::string& name,
                                           const profile::Parameters& parameters, bool fresh);

  private:
    std::mutex mutex_;
    std::map<std::pair<std::string, profile::Parameters>, std::shared_ptr<const profile::Profile>>
        loaded_;
};

struct Context {
    Context(Desk& the_desk, EventLog& the_log, PeerNames& the_names, scopes::Scopes& the_scopes)
        : desk(the_desk), log(the_log), names(the_names), scopes(the_scopes) {}

    Desk& desk;
    EventLog& log;
    PeerNames& names;
    scopes::Scopes& scopes;    ///< of the engine's thread
    Places* places = nullptr;  ///< the same; null: no peer can come
    /// By index of a peer that came later, of the engine's thread.
    std::map<std::size_t, WantedPlace> came;
    std::string version;
    profile::RelayReadiness relays;  ///< what profiles that are brought in may need
    /// In the engine's thread: from now on tasks hear of news.
    std::function<void()> begin_news;
    /// The same, and from now on the log grows.
    std::function<void()> begin_log;
    /// The same, and from now on scopes hear of what happens.
    std::function<void()> begin_scopes;
    /// In the engine's thread: a profile has come that asks how the program's sockets end.
    std::function<void(Instant)> watch_sockets;
    /// In the engine's thread: they are looked at once more, and are told when this returns.
    std::function<void(Instant)> list_sockets;
    std::atomic<std::uint64_t> requests = 0;
    std::atomic<std::uint64_t> refused = 0;  ///< of them, with a status above 399
    Baseline baseline;                       ///< of the engine's thread
    Duration longest_turn{};  ///< of the engine's thread: segments had to wait so long for requests
    ProfileCache profiles;

    /// Runs it in the engine's thread; the answer says why where that cannot be.
    template <typename Ask>
    [[nodiscard]] http::Response ask(Ask step) {
        http::Response response;
        const auto outcome = desk.run(
            [&](peer::Engine& engine, Instant now) { return step(engine, now, response); });
        return outcome == Desk::Outcome::done ? response : unavailable(outcome);
    }
    /// The same for what is answered in one step.
    template <typename Ask>
    [[nodiscard]] http::Response ask_once(Ask answer_it) {
        return ask([&](peer::Engine& engine, Instant now, http::Response& response) {
            response = answer_it(engine, now);
            return Turn{};
        });
    }

    /// Takes something from the engine; what is made of it need not keep the engine. Set: an answer
    /// that says why that cannot be.
    template <typename Take>
    [[nodiscard]] std::optional<http::Response> look(Take take) {
        const auto outcome = desk.run([&](peer::Engine& engine, Instant now) {
            take(engine, now);
            return Turn{};
        });
        return outcome == Desk::Outcome::done ? std::nullopt : std::optional(unavailable(outcome));
    }

    [[nodiscard]] static http::Response unavailable(Desk::Outcome why);
};

/// One request on its way.
struct Call {
    const http::Request& request;
    const Target& target;
    std::vector<std::string> names;  ///< what stood for `{…}` in the path
    bool only_catalogue = false;     ///< profiles are named, no files: the client may be anybody
};

/// A profile that a request asks for.
struct WantedProfile {
    std::string name;  ///< or path; of a text: what diagnostics call it
    std::optional<std::string> text;
    profile::Parameters parameters;
};

using Endpoint = http::Response (*)(Context& context, const Call& call);

// endpoints.cpp
[[nodiscard]] http::Response get_info(Context& context, const Call& call);
[[nodiscard]] http::Response get_peers(Context& context, const Call& call);
[[nodiscard]] http::Response get_peer(Context& context, const Call& call);
[[nodiscard]] http::Response get_connections(Context& context, const Call& call);
[[nodiscard]] http::Response get_connection(Context& context, const Call& call);
// use.cpp
[[nodiscard]] http::Response put_profile(Context& context, const Call& call);
// comings.cpp
[[nodiscard]] http::Response post_peer(Context& context, const Call& call);
[[nodiscard]] http::Response delete_peer(Context& context, const Call& call);
/// Takes a peer away bit by bit, its connections first. In the engine's thread.
class Removal {
  public:
    explicit Removal(const NamedPeer& peer);

    /// True: it has gone, by this or otherwise, and its name and its place are free.
    [[nodiscard]] bool step(Context& context, peer::Engine& engine, Instant now);
    [[nodiscard]] std::uint64_t resets() const noexcept { return order_.acted; }

  private:
    NamedPeer peer_;
    peer::Order order_;
    bool reset_ = false;  ///< all of its connections
};
// scope_endpoints.cpp
[[nodiscard]] http::Response post_scope(Context& context, const Call& call);
[[nodiscard]] http::Response get_scopes(Context& context, const Call& call);
[[nodiscard]] http::Response get_scope(Context& context, const Call& call);
[[nodiscard]] http::Response get_verdict(Context& context, const Call& call);
[[nodiscard]] http::Response get_record(Context& context, const Call& call);
[[nodiscard]] http::Response get_trace(Context& context, const Call& call);
[[nodiscard]] http::Response get_page(Context& context, const Call& call);
[[nodiscard]] http::Response delete_scope(Context& context, const Call& call);
[[nodiscard]] http::Response no_scope(const std::string& name);
// orders.cpp
[[nodiscard]] http::Response post_scope_actions(Context& context, const Call& call);
[[nodiscard]] http::Response post_actions(Context& context, const Call& call);
[[nodiscard]] http::Response post_peer_actions(Context& context, const Call& call);
[[nodiscard]] http::Response post_connection_actions(Context& context, const Call& call);
[[nodiscard]] http::Response post_command(Context& context, const Call& call);
// waiting.cpp
[[nodiscard]] http::Response get_wait(Context& context, const Call& call);
[[nodiscard]] http::Response get_events(Context& context, const Call& call);
// numbers.cpp
[[nodiscard]] http::Response get_stats(Context& context, const Call& call);
[[nodiscard]] http::Response reset_stats(Context& context, const Call& call);
[[nodiscard]] http::Response get_metrics(Context& context, const Call& call);
// openapi.cpp
[[nodiscard]] http::Response get_openapi(Context& context, const Call& call);

// wanted_profile.cpp
/// The keys `profile`, `file` and `set` of a body.
[[nodiscard]] tl::expected<WantedProfile, http::Response> read_profile(const Json& body);
/// The profile; else an answer that says what is wrong with it.
[[nodiscard]] tl::expected<std::shared_ptr<const profile::Profile>, http::Response> load_profile(
    Context& context, const Call& call, const WantedProfile& wanted, bool fresh);
/// Does it ask how the program's side of its connections ends?
[[nodiscard]] bool asks_outcomes(const profile::Profile& profile);

/// The body as a JSON object; else an answer that says what is wrong with it.
[[nodiscard]] tl::expected<Json, http::Response> read_object(const http::Request& request);

}  // namespace ghostpeer::control
