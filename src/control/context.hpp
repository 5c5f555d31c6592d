// What all answers are made from.
#pragma once

#include "control/desk.hpp"
#include "control/event_log.hpp"
#include "control/json.hpp"
#include "control/peer_names.hpp"
#include "control/query.hpp"
#include "ghostpeer/peer/statistics.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/relays.hpp"
#include "http/message.hpp"

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
    [[nodiscard]] profile::LoadResult load(const std::string& name,
                                           const profile::Parameters& parameters);

  private:
    std::mutex mutex_;
    std::map<std::pair<std::string, profile::Parameters>, std::shared_ptr<const profile::Profile>>
        loaded_;
};

struct Context {
    Context(Desk& the_desk, EventLog& the_log, const PeerNames& the_names)
        : desk(the_desk), log(the_log), names(the_names) {}

    Desk& desk;
    EventLog& log;
    const PeerNames& names;
    std::string version;
    profile::RelayReadiness relays;  ///< what profiles that are brought in may need
    bool only_catalogue = false;     ///< profiles are named, not files: the client may be anybody
    /// In the engine's thread: from now on tasks hear of news.
    std::function<void()> begin_news;
    /// The same, and from now on the log grows.
    std::function<void()> begin_log;
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
};

using Endpoint = http::Response (*)(Context& context, const Call& call);

// endpoints.cpp
[[nodiscard]] http::Response get_info(Context& context, const Call& call);
[[nodiscard]] http::Response get_peers(Context& context, const Call& call);
[[nodiscard]] http::Response get_peer(Context& context, const Call& call);
[[nodiscard]] http::Response put_profile(Context& context, const Call& call);
[[nodiscard]] http::Response get_connections(Context& context, const Call& call);
[[nodiscard]] http::Response get_connection(Context& context, const Call& call);
// orders.cpp
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

/// The body as a JSON object; else an answer that says what is wrong with it.
[[nodiscard]] tl::expected<Json, http::Response> read_object(const http::Request& request);

}  // namespace ghostpeer::control
