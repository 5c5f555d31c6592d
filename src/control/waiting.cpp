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

/// `5s`, or a plain number of seconds.
[[nodiscard]] std::optional<Duration> read_timeout(const std::string& text) {
    auto time = profile::parse_time(text);
    if (!time) {
        time = profile::parse_time(text + "s");
    }
    return time && *time <= longest_timeout ? time : std::nullopt;
}

/// One `wait`. In the engine's thread until it is over, then whoever asked takes the answer.
class Waiting {
  public:
    Waiting(Context& context, Condition condition, std::string text, Duration timeout,
            std::optional<std::uint64_t> since)
        : context_(context),
          look_(std::move(condition)),
          text_(std::move(text)),
          timeout_(timeout),
          since_(since) {}

    Turn step(peer::Engine& engine, Instant now) {
        if (!began_) {
            began_ = now;
            engine.tell_segments();
            context_.begin_news();
            if (event() != nullptr) {
                context_.begin_log();
                seen_ = since_.value_or(context_.log.newest());
            }
        }
        const auto* count = std::get_if<CountIs>(&look_.condition());
        if (count != nullptr && count->peer && !context_.names.has(*count->peer)) {
            response_ =
                fail(http::status::not_found, fmt::format("The peer of `{}` has gone.", text_));
            return {};
        }
        const Standing standing = event() != nullptr ? look_for(*event()) : look_.step(engine);
        if (standing.met) {
            response_ = answer({{"met", true},
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
            response_ =
                answer({{"error", fmt::format("`{}` did not come true within {}: {}.", text_,
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

    [[nodiscard]] http::Response take() noexcept { return std::move(response_); }

  private:
    [[nodiscard]] const EventSeen* event() const {
        return std::get_if<EventSeen>(&look_.condition());
    }

    Standing look_for(const EventSeen& wanted) {
        const auto part = context_.log.read(seen_);
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
    http::Response response_;
};

/// The same for the client, with whom the waiting ends.
class Awaited final : public http::Pending {
  public:
    Awaited(Context& context, Desk::Ticket ticket, std::shared_ptr<Waiting> waiting)
        : context_(context), ticket_(std::move(ticket)), waiting_(std::move(waiting)) {}

    std::optional<http::Response> poll() override {
        const auto outcome = ticket_.outcome();
        if (!outcome) {
            return std::nullopt;
        }
        auto response =
            *outcome == Desk::Outcome::done ? waiting_->take() : Context::unavailable(*outcome);
        if (response.status >= http::status::bad_request) {
            ++context_.refused;
        }
        return response;
    }

  private:
    Context& context_;
    Desk::Ticket ticket_;
    std::shared_ptr<Waiting> waiting_;
};

/// Events as `text/event-stream` (HTML standard, 9.2).
class Feed final : public http::Stream {
  public:
    Feed(EventLog& log, std::uint64_t after) : log_(log), after_(after) {}

    bool more(std::string& into) override {
        if (!greeted_) {
            // So that the client knows at once that it listens.
            greeted_ = true;
            into += fmt::format(": events after {}\n\n", after_);
            return true;
        }
        const auto part = log_.read(after_);
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
        return !part.end;
    }
    [[nodiscard]] std::string_view sign_of_life() const noexcept override {
        return ": nothing new\n\n";
    }

  private:
    EventLog& log_;
    std::uint64_t after_;
    bool greeted_ = false;
};

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
    auto waiting =
        std::make_shared<Waiting>(context, std::move(*condition), *text, *timeout, since);
    auto ticket = context.desk.submit(
        [waiting](peer::Engine& engine, Instant now) { return waiting->step(engine, now); });
    if (!ticket) {
        return Context::unavailable(ticket.error());
    }
    http::Response response;
    response.pending = std::make_shared<Awaited>(context, std::move(*ticket), std::move(waiting));
    return response;
}

http::Response get_events(Context& context, const Call& call) {
    const auto given = std::string(http::find_field(call.request.headers, "last-event-id"));
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
        response.stream = std::make_shared<Feed>(context.log, since.value_or(newest));
    }
    return response;
}

}  // namespace ghostpeer::control
