// Answers that take their time: conditions that are waited for, and events as they happen.
#include "control/condition.hpp"
#include "control/context.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "http/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::control {
namespace {

using namespace std::chrono_literals;

constexpr Duration default_timeout = 30s;
constexpr Duration longest_timeout = 24h;
constexpr Duration pause_of_heavy = 20ms;
constexpr auto heartbeat = 10s;

/// `5s`, or a plain number of seconds.
[[nodiscard]] std::optional<Duration> read_timeout(const std::string& text) {
    auto time = profile::parse_time(text);
    if (!time) {
        time = profile::parse_time(text + "s");
    }
    return time && *time <= longest_timeout ? time : std::nullopt;
}

/// One `wait`, in the engine's thread.
class Waiting {
  public:
    Waiting(Context& context, Condition condition, std::string text, Duration timeout,
            std::optional<std::uint64_t> since)
        : context_(context),
          look_(std::move(condition)),
          text_(std::move(text)),
          timeout_(timeout),
          since_(since) {}

    Turn step(peer::Engine& engine, Instant now, http::Response& response) {
        if (!began_) {
            began_ = now;
            engine.tell_segments();
            context_.begin_news();
            if (event() != nullptr) {
                context_.begin_log();
                seen_ = since_.value_or(context_.log.newest());
            }
        }
        const Standing standing = event() != nullptr ? look_for(*event()) : look_.step(engine);
        if (standing.met) {
            response = answer({{"met", true},
                               {"condition", text_},
                               {"t", to_seconds(now)},
                               {"waited", to_seconds(now - *began_)},
                               {"now", standing.now}});
            return {};
        }
        if (standing.more) {
            return {Turn::Next::again, {}};
        }
        const Instant deadline = *began_ + timeout_;
        if (now >= deadline) {
            response = answer({{"error", fmt::format("`{}` did not come true within {}: {}.", text_,
                                                     profile::format_time(timeout_), standing.now)},
                               {"met", false},
                               {"timed_out", true},
                               {"condition", text_},
                               {"t", to_seconds(now)},
                               {"now", standing.now}},
                              http::status::timed_out);
            return {};
        }
        return look_.heavy() ? Turn{Turn::Next::rest, std::min(deadline, now + pause_of_heavy)}
                             : Turn{Turn::Next::news, deadline};
    }

  private:
    [[nodiscard]] const EventSeen* event() const {
        return std::get_if<EventSeen>(&look_.condition());
    }

    Standing look_for(const EventSeen& wanted) {
        const auto part = context_.log.read(seen_, 0ms);
        Standing standing{false, false, "no such event has come"};
        std::uint64_t id = part.first;
        for (const std::string& line : part.lines) {
            if (matches(wanted, line)) {
                return {true, false, fmt::format("event {} is one", id)};
            }
            seen_ = id++;
        }
        standing.more = seen_ < context_.log.newest();
        return standing;
    }

    Context& context_;
    Look look_;
    std::string text_;
    Duration timeout_;
    std::optional<std::uint64_t> since_;
    std::optional<Instant> began_;
    std::uint64_t seen_ = 0;
};

/// Events as `text/event-stream` (HTML standard, 9.2).
class Feed {
  public:
    Feed(EventLog& log, std::uint64_t after) : log_(log), reader_(log), after_(after) {}

    bool more(std::string& into) {
        if (!greeted_) {
            // So that the client knows at once that it listens.
            greeted_ = true;
            into += fmt::format(": events after {}\n\n", after_);
            return true;
        }
        const auto part = log_.read(after_, heartbeat);
        if (part.lost > 0) {
            into += fmt::format(
                "event: lost\nid: {}\ndata: {{\"event\":\"lost\",\"count\":{},\"from\":{},"
                "\"to\":{}}}\n\n",
                part.first - 1, part.lost, part.first - part.lost, part.first - 1);
        }
        std::uint64_t id = part.first;
        for (const std::string& line : part.lines) {
            into += fmt::format("id: {}\ndata: {}\n\n", id, line);
            after_ = id++;
        }
        if (into.empty() && !part.end) {
            into = ": nothing new\n\n";
        }
        return !part.end;
    }

  private:
    EventLog& log_;
    EventLog::Reader reader_;
    std::uint64_t after_;
    bool greeted_ = false;
};

[[nodiscard]] std::string_view header(const http::Fields& headers, std::string_view name) noexcept {
    const auto same = [name](const auto& field) {
        return std::equal(field.first.begin(), field.first.end(), name.begin(), name.end(),
                          [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    };
    const auto found = std::find_if(headers.begin(), headers.end(), same);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace

http::Response get_wait(Context& context, const Call& call) {
    const auto text = call.target.get("for");
    if (!text) {
        return fail(http::status::bad_request,
                    "There is no condition to wait for: /v1/wait?for=established>=1&timeout=5s.");
    }
    auto condition = parse_condition(*text, context.names);
    if (!condition) {
        return fail(http::status::bad_request, condition.error());
    }
    const auto timeout_text = call.target.get("timeout");
    const auto timeout = timeout_text ? read_timeout(*timeout_text) : default_timeout;
    if (!timeout) {
        return fail(http::status::bad_request,
                    "`timeout` is a time such as 250ms, 5s or 2m, up to 24h.");
    }
    const auto since_text = call.target.get("since");
    const auto since = since_text ? parse_number(*since_text) : std::nullopt;
    if (since_text && !since) {
        return fail(http::status::bad_request, "`since` is the id of an event.");
    }
    Waiting waiting(context, std::move(*condition), *text, *timeout, since);
    return context.ask([&](peer::Engine& engine, Instant now, http::Response& response) {
        return waiting.step(engine, now, response);
    });
}

http::Response get_events(Context& context, const Call& call) {
    const auto given = std::string(header(call.request.headers, "last-event-id"));
    const auto text = given.empty() ? call.target.get("since") : std::optional(given);
    const auto since = text ? parse_number(*text) : std::nullopt;
    if (text && !since) {
        return fail(http::status::bad_request,
                    "`Last-Event-ID` and `since` are the id of an event.");
    }
    std::uint64_t newest = 0;
    auto response = context.ask_once([&](peer::Engine& engine, Instant) {
        engine.tell_segments();
        context.begin_log();
        newest = context.log.newest();
        return http::Response{};
    });
    if (response.status == http::Response{}.status) {
        response.content_type = "text/event-stream";
        response.headers.emplace_back("Cache-Control", "no-store");
        response.stream = [feed = std::make_shared<Feed>(context.log, since.value_or(newest))](
                              std::string& more) { return feed->more(more); };
    }
    return response;
}

}  // namespace ghostpeer::control
