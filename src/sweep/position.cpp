#include "sweep/position.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ghostpeer::sweep {
namespace {

/// What is known of a connection on the way through its segments.
struct Connection {
    std::uint64_t attempt = 0;
    std::uint16_t port = 0;
    bool ambiguous = false;
    bool open = false;
    bool finished = false;
    bool peer_dials = false;
    double last = 0;
    std::uint64_t pauses = 0;
    std::map<std::pair<bool, std::string>, std::uint64_t> counts;  ///< by direction and kind
};

class Finder {
  public:
    Finder(const RunRecord& baseline, const PositionLimits& limits)
        : baseline_(baseline), limits_(limits) {}

    [[nodiscard]] Positions find() {
        for (const SegmentSeen& segment : baseline_.segments) {
            count_answers(segment);
        }
        choose_bytes();
        for (const SegmentSeen& segment : baseline_.segments) {
            pass(segment);
        }
        for (auto& [conn, connection] : connections_) {
            found_.ambiguous += connection.ambiguous ? 1 : 0;
        }
        for (Position& position : found_.all) {
            position.port = ports_.size() > 1 ? position.port : 0;
        }
        std::erase_if(found_.all, [&](const Position& position) { return !is_wanted(position); });
        return std::move(found_);
    }

  private:
    [[nodiscard]] bool is_wanted(const Position& position) const {
        const std::string own = name(position);
        return limits_.at.empty() ||
               std::any_of(limits_.at.begin(), limits_.at.end(), [&](const std::string& part) {
                   return own.find(part) != std::string::npos;
               });
    }
    [[nodiscard]] Connection& connection_of(const SegmentSeen& segment) {
        auto [at, is_new] = connections_.try_emplace(segment.conn);
        Connection& connection = at->second;
        if (is_new) {
            connection.attempt = segment.attempt;
            const auto dialled = baseline_.dialled.find(segment.conn);
            connection.port = dialled != baseline_.dialled.end() ? dialled->second
                              : segment.in                       ? segment.to_port
                                                                 : segment.from_port;
            ports_.insert(connection.port);
            connection.ambiguous = !known_.emplace(connection.port, connection.attempt).second;
            connection.last = segment.t;
            connection.peer_dials = !segment.in;
        }
        return connection;
    }
    [[nodiscard]] static bool is_answer(const SegmentSeen& segment) {
        return !segment.in && segment.length > 0 && !segment.retransmission && !segment.forged &&
               !segment.carries_on && segment.fate == event::Fate::sent;
    }
    void count_answers(const SegmentSeen& segment) {
        if (is_answer(segment)) {
            Answer& answer = answers_[segment.conn];
            answer.length += segment.length;
            answer.last = segment.length;
        }
    }
    void choose_bytes() {
        for (auto& [conn, answer] : answers_) {
            answer.chosen = spread(answer.length, answer.length - answer.last, limits_.bytes);
        }
    }
    [[nodiscard]] Position make(const Connection& connection) const {
        Position position;
        position.attempt = connection.attempt;
        position.port = connection.port;
        position.open = connection.open;
        position.finished = connection.finished;
        position.peer_dials = connection.peer_dials;
        return position;
    }
    void add(const Position& position) {
        if (!limits_.attempt || *limits_.attempt == position.attempt) {
            found_.all.push_back(position);
        }
    }

    void pass(const SegmentSeen& segment) {
        if (segment.carries_on || segment.forged || segment.conn == 0) {
            return;
        }
        Connection& connection = connection_of(segment);
        if (connection.ambiguous) {
            return;
        }
        add_pause(connection, segment);
        connection.last = segment.t;
        if (segment.retransmission) {
            return;
        }
        const std::uint64_t nth = ++connection.counts[{segment.in, segment.what}];
        // A FIN with payload is `receive data` as well.
        const bool counts_twice = segment.in && segment.what == "fin" && segment.length > 0;
        if (counts_twice) {
            ++connection.counts[{true, "data"}];
        }
        if (segment.fate == event::Fate::accepted || segment.fate == event::Fate::sent) {
            Position position = make(connection);
            position.in = segment.in;
            position.what = segment.what;
            position.nth = nth;
            position.payload = segment.length > 0;
            position.at = segment.t;
            add(position);
            if (is_answer(segment)) {
                add_bytes(connection, segment, nth);
            }
        }
        follow(connection, segment);
    }

    void add_pause(Connection& connection, const SegmentSeen& segment) {
        if (!connection.open || connection.finished ||
            segment.t - connection.last <= pause_seconds) {
            return;
        }
        Position position = make(connection);
        position.kind = Position::Kind::pause;
        position.nth = ++connection.pauses;
        position.at = connection.last + pause_seconds;
        add(position);
    }

    void add_bytes(const Connection& connection, const SegmentSeen& segment, std::uint64_t nth) {
        const auto begin = static_cast<std::uint64_t>(std::max<std::int64_t>(segment.seq, 1)) - 1;
        const auto& chosen = answers_[segment.conn].chosen;
        for (auto at = std::upper_bound(chosen.begin(), chosen.end(), begin);
             at != chosen.end() && *at <= begin + segment.length; ++at) {
            const std::uint64_t byte = *at;
            Position position = make(connection);
            position.kind = Position::Kind::byte;
            position.what = segment.what;
            position.nth = nth;
            position.byte = byte;
            position.payload = true;
            position.whole = segment.headers + (byte - begin);
            position.at = segment.t;
            add(position);
        }
    }

    static void follow(Connection& connection, const SegmentSeen& segment) {
        const bool handshake_is_over = segment.what == "ack" || segment.what == "data" ||
                                       segment.what == "handshake-ack" || segment.what == "fin";
        connection.open = connection.open || handshake_is_over;
        connection.finished =
            connection.finished || segment.what == "rst" || (!segment.in && segment.what == "fin");
    }

    struct Answer {
        std::uint64_t length = 0;
        std::uint64_t last = 0;             ///< length of its last segment
        std::vector<std::uint64_t> chosen;  ///< boundaries
    };

    const RunRecord& baseline_;
    const PositionLimits& limits_;
    Positions found_;
    std::map<std::uint64_t, Connection> connections_;
    std::map<std::uint64_t, Answer> answers_;
    std::set<std::uint16_t> ports_;
    std::set<std::pair<std::uint16_t, std::uint64_t>> known_;
};

}  // namespace

std::string ordinal(std::uint64_t n) {
    constexpr std::uint64_t ten = 10;
    constexpr std::uint64_t hundred = 100;
    constexpr std::uint64_t eleventh = 11;
    constexpr std::uint64_t thirteenth = 13;
    const bool is_teen = n % hundred >= eleventh && n % hundred <= thirteenth;
    const char* const ending = is_teen        ? "th"
                               : n % ten == 1 ? "st"
                               : n % ten == 2 ? "nd"
                               : n % ten == 3 ? "rd"
                                              : "th";
    return fmt::format("{}{}", n, ending);
}

std::string name(const Position& position) {
    std::string text;
    switch (position.kind) {
        case Position::Kind::segment:
            text = fmt::format("{} {} {}", ordinal(position.nth), position.what,
                               position.in ? "in" : "out");
            break;
        case Position::Kind::byte:
            text = fmt::format("behind byte {} of the answer", position.byte);
            break;
        case Position::Kind::pause: text = fmt::format("{} pause", ordinal(position.nth)); break;
    }
    text += fmt::format(" of attempt {}", position.attempt);
    return position.port == 0 ? text : fmt::format("{} at port {}", text, position.port);
}

std::vector<std::uint64_t> spread(std::uint64_t length, std::uint64_t last, std::size_t most) {
    std::set<std::uint64_t> chosen;
    if (length < 2 || most == 0) {
        return {};
    }
    const std::uint64_t boundaries = length - 1;
    chosen.insert(1);
    chosen.insert(boundaries);
    if (last + 1 < length) {
        chosen.insert(last + 1);
    }
    // What is left of `most` is laid between them at equal distances.
    const std::uint64_t steps = std::min<std::uint64_t>(most, boundaries);
    for (std::uint64_t i = 1; i < steps && chosen.size() < steps; ++i) {
        chosen.insert(1 + i * (boundaries - 1) / (steps - (most >= boundaries ? 1 : 0)));
    }
    return {chosen.begin(), chosen.end()};
}

Positions find_positions(const RunRecord& baseline, const PositionLimits& limits) {
    return Finder(baseline, limits).find();
}

}  // namespace ghostpeer::sweep
