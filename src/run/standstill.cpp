#include "run/standstill.hpp"

#include "event/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::run {
namespace {

using process::Awaited;
using process::Wait;

constexpr std::size_t most_threads_told = 8;
constexpr std::size_t most_named = 3;  // of what one call waits for, in the headline

class Describer {
  public:
    Describer(const std::vector<peer::AttemptRecord>& attempts, Instant looked)
        : attempts_(attempts), looked_(looked) {}

    /// How much a thread's state says about why COMMAND does not go on.
    [[nodiscard]] int weight(const Wait& wait) const {
        switch (wait.how) {
            case Wait::How::ended: return 0;
            case Wait::How::sleeps: return 1;
            case Wait::How::stopped: return 5;
            case Wait::How::traced:
            case Wait::How::runs: return 4;
            case Wait::How::waits: break;
        }
        int weight = wait.awaited.empty() ? 2 : 3;
        for (const Awaited& awaited : wait.awaited) {
            weight = std::max(weight, connection_of(awaited) != nullptr ? 7
                                      : awaited.socket                  ? 6
                                                                        : 3);
        }
        return weight;
    }

    /// `python3 has waited in recv() on #1 since 0.016 s`
    [[nodiscard]] std::string clause(const Wait& wait) const {
        if (wait.how != Wait::How::waits) {
            return process::to_text(wait) + since(wait);
        }
        auto text = fmt::format("{} {} in {}{}{}", wait.who, wait.asleep ? "has waited" : "waits",
                                with_parentheses(wait.call), on(wait), since(wait));
        for (const Awaited& awaited : wait.awaited) {
            const peer::AttemptRecord* connection = connection_of(awaited);
            if (connection != nullptr && is_news(wait, *connection)) {
                return text + fmt::format("; nothing has passed on #{} since {}",
                                          connection->connection, time(connection->last_segment));
            }
        }
        return text;
    }

    /// `python3 is in recv: descriptor 3, a TCP connection to …, since 0.016 s.`
    [[nodiscard]] std::string line(const Wait& wait) const {
        auto text = process::to_text(wait);
        for (const Awaited& awaited : wait.awaited) {
            if (const auto* connection = connection_of(awaited)) {
                text += fmt::format(" (#{})", connection->connection);
                break;
            }
        }
        const auto when = since(wait);
        return text + (when.empty() ? "" : ",") + when + ".";
    }

  private:
    [[nodiscard]] static std::string time(Instant at) {
        return fmt::format("{:.3f} s", to_seconds(at.time_since_epoch()));
    }
    [[nodiscard]] Instant went_to_sleep(const Wait& wait) const {
        return std::max(looked_ - *wait.asleep, run_start);
    }
    [[nodiscard]] std::string since(const Wait& wait) const {
        return wait.asleep ? " since " + time(went_to_sleep(wait)) : std::string();
    }

    /// A call that comes back and is made again says less than the connection's silence.
    [[nodiscard]] bool is_news(const Wait& wait, const peer::AttemptRecord& connection) const {
        constexpr Duration same = std::chrono::milliseconds(50);
        return !wait.asleep || went_to_sleep(wait) > connection.last_segment + same;
    }

    /// The connection that the peer knows by these ends.
    [[nodiscard]] const peer::AttemptRecord* connection_of(const Awaited& awaited) const {
        if (!awaited.socket || !awaited.socket->tcp) {
            return nullptr;
        }
        const wire::Flow flow{awaited.socket->remote, awaited.socket->local};
        const auto found = std::find_if(attempts_.rbegin(), attempts_.rend(),
                                        [&](const auto& attempt) { return attempt.flow == flow; });
        return found == attempts_.rend() ? nullptr : &*found;
    }

    [[nodiscard]] static std::string with_parentheses(const std::string& call) {
        const auto space = call.find(' ');
        if (space == std::string::npos) {
            return call + "()";
        }
        return call[space + 1] == '(' ? call.substr(0, space) + "()" + call.substr(space) : call;
    }

    [[nodiscard]] std::string on(const Wait& wait) const {
        std::vector<std::string> names;
        std::vector<std::string> others;
        for (const Awaited& awaited : wait.awaited) {
            if (const auto* connection = connection_of(awaited)) {
                names.push_back(fmt::format("#{}", connection->connection));
            } else if (awaited.socket) {
                others.insert(others.begin(), awaited.socket->what);
            } else {
                others.push_back(
                    fmt::format("descriptor {} ({})", awaited.descriptor, awaited.what));
            }
        }
        if (names.empty()) {
            names = std::move(others);
        }
        if (names.empty()) {
            return {};
        }
        const auto shown = std::min(names.size(), most_named);
        const std::vector<std::string> first(names.begin(),
                                             names.begin() + static_cast<std::ptrdiff_t>(shown));
        return fmt::format(" on {}{}", fmt::join(first, ", "),
                           names.size() > shown ? " and more" : "");
    }

    const std::vector<peer::AttemptRecord>& attempts_;
    Instant looked_;
};

}  // namespace

event::Standstill describe_standstill(const std::vector<Wait>& waits,
                                      const std::vector<peer::AttemptRecord>& attempts,
                                      Instant looked) {
    event::Standstill standstill;
    const Describer describer(attempts, looked);
    const auto telling = std::max_element(
        waits.begin(), waits.end(),
        [&](const Wait& a, const Wait& b) { return describer.weight(a) < describer.weight(b); });
    if (telling == waits.end()) {
        return standstill;
    }
    standstill.clause = describer.clause(*telling);
    for (const Wait& wait : waits) {
        if (standstill.lines.size() == most_threads_told) {
            standstill.lines.push_back(fmt::format(
                "… and {}", event::count(waits.size() - most_threads_told, "more thread")));
            break;
        }
        standstill.lines.push_back(describer.line(wait));
    }
    return standstill;
}

}  // namespace ghostpeer::run
