#include "event/tables.hpp"

#include "event/members.hpp"
#include "event/table_places.hpp"
#include "ghostpeer/event/call.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/event/verdict.hpp"

#include <array>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

namespace ghostpeer::event {
namespace {

struct AttemptNumber {
    using Owner = Event;
    static std::uint32_t get(const Event& event) {
        return event.connection != 0 ? event.attempt : 0;
    }
    static void set(Event& event, std::uint32_t value) { event.attempt = value; }
};

// The end that began it stands first in the record.
struct From {
    using Owner = Attempt;
    static const wire::Endpoint& get(const Attempt& attempt) {
        return attempt.dialled ? attempt.flow.local : attempt.flow.remote;
    }
    static void set(Attempt& attempt, const wire::Endpoint& value) { attempt.flow.remote = value; }
};
struct To {
    using Owner = Attempt;
    static const wire::Endpoint& get(const Attempt& attempt) {
        return attempt.dialled ? attempt.flow.remote : attempt.flow.local;
    }
    static void set(Attempt& attempt, const wire::Endpoint& value) { attempt.flow.local = value; }
};
struct Dialled {
    using Owner = Attempt;
    static bool get(const Attempt& attempt) { return attempt.dialled; }
    static void set(Attempt& attempt, bool value) {
        if (value && !attempt.dialled) {
            std::swap(attempt.flow.local, attempt.flow.remote);
        }
        attempt.dialled = value;
    }
};

[[nodiscard]] std::span<const Field> state_fields() noexcept {
    static constexpr std::array fields{field<&State::from>("from", "the state that was"),
                                       field<&State::to>("to", "the state that is")};
    return fields;
}

[[nodiscard]] std::span<const Field> rule_fields() noexcept {
    static constexpr std::array fields{
        field<&Rule::rule, &profile::Place::file>("file", "the profile's; control: an order"),
        field<&Rule::rule, &profile::Place::line>("line", "the rule's; 0: an order"),
        field<&Rule::action>("action", "the action's word"),
        rare<&Rule::detail>("detail", "what it was told, where it was told anything")};
    return fields;
}

[[nodiscard]] std::span<const Field> attempt_fields() noexcept {
    static constexpr std::array fields{
        derived<From>("src", "the end that began it"), derived<To>("dst", "what it dialled"),
        field<&Attempt::since_last>("since_last", "the time since the attempt before"),
        rare_derived<Dialled>("dialled", "true where the peer began it")};
    return fields;
}

[[nodiscard]] std::span<const Field> start_fields() noexcept {
    static constexpr std::array fields{
        field<&Start::flow, &wire::Flow::local>("local", "the peer's end"),
        field<&Start::flow, &wire::Flow::remote>("remote", "the program's end"),
        rare<&Start::dialled>("dialled", "true where the peer opens it"),
        field<&Start::profile>("profile", "how the peer behaves to it: a profile's number"),
        field<&Start::expected_by>("expected_by", "whose expectations look at it: a number")};
    return fields;
}

[[nodiscard]] std::span<const Field> command_fields() noexcept {
    static constexpr std::array fields{field<&Command::name>("name", "the command's")};
    return fields;
}

[[nodiscard]] std::span<const Field> sockets_fields() noexcept {
    static constexpr std::array fields{
        field<&Sockets::complete>("complete", "true: a socket not told as there is gone"),
        field<&Sockets::aborts>("aborts", "sockets that the kernel has given up by now")};
    return fields;
}

[[nodiscard]] std::span<const Field> link_fields() noexcept {
    static constexpr std::array fields{
        rare<&Link::profile>("profile", "the profile whose peers it leads to; absent: all others"),
        field<&Link::rule>("rule", "the rule, or order, that changed it"),
        field<&Link::up>("up", "from the program to the peer, as a profile writes it"),
        field<&Link::down>("down", "from the peer to the program, likewise"),
        field<&Link::longest>("longest", "nothing is on its way down for longer")};
    return fields;
}

/// When its sender sent a segment, where that is another time than when it arrived.
struct Made {
    using Owner = Event;
    static std::optional<Instant> get(const Event& event) {
        const auto* segment = std::get_if<Segment>(&event.what);
        const bool told =
            segment != nullptr && segment->made != Instant{} && segment->made != event.at;
        return told ? std::optional(segment->made) : std::nullopt;
    }
    static bool set(Event& event, Instant value) {
        auto* segment = std::get_if<Segment>(&event.what);
        if (segment != nullptr) {
            segment->made = value;
        }
        return segment != nullptr;
    }
};

void settle_segment(Event& event) {
    auto& segment = std::get<Segment>(event.what);
    if (segment.made == Instant{}) {
        segment.made = event.at;
    }
}

void settle_connection(Event& event) {
    // Nobody else has it while it is being read.
    const auto record = std::const_pointer_cast<AttemptRecord>(
        std::get<std::shared_ptr<const AttemptRecord>>(event.what));
    record->connection = event.connection;
    record->number = event.attempt;
}

[[nodiscard]] std::span<const Field> log_fields() noexcept {
    static constexpr std::array fields{
        field<&Log::rule, &profile::Place::file>("file", "the profile's"),
        field<&Log::rule, &profile::Place::line>("line", "the rule's"),
        field<&Log::text>("text", "the action's")};
    return fields;
}

[[nodiscard]] std::span<const Field> notice_fields() noexcept {
    static constexpr std::array fields{field<&Notice::what>("what", "a stable word"),
                                       field<&Notice::text>("text", "a sentence for people")};
    return fields;
}

template <typename What, typename Variant>
struct PlaceIn;
template <typename What, typename... Alternatives>
struct PlaceIn<What, std::variant<Alternatives...>> {
    static constexpr std::size_t place = [] {
        constexpr std::array same{std::is_same_v<What, Alternatives>...};
        std::size_t at = 0;
        while (at < same.size() && !same[at]) {
            ++at;
        }
        return at;
    }();
    static constexpr bool found = place < sizeof...(Alternatives);
};
using Alternatives = decltype(Event::what);

/// An alternative of the event, or what it points to.
template <typename What>
struct Held {
    static constexpr bool pointed = !PlaceIn<What, Alternatives>::found;
    using Alternative = std::conditional_t<pointed, std::shared_ptr<const What>, What>;
    static constexpr std::size_t place = PlaceIn<Alternative, Alternatives>::place;

    static const void* owner(const Event& event) {
        if constexpr (pointed) {
            return std::get<Alternative>(event.what).get();
        } else {
            return &std::get<Alternative>(event.what);
        }
    }
    static void* make(Event& event) {
        if constexpr (pointed) {
            auto made = std::make_shared<What>();
            What* const raw = made.get();
            event.what = std::shared_ptr<const What>(std::move(made));
            return raw;
        } else {
            return &event.what.emplace<Alternative>();
        }
    }
};

template <typename What>
[[nodiscard]] EventTable table(std::string_view word, std::string_view doc,
                               std::span<const Field> fields, void (*settle)(Event&) = nullptr) {
    return {word, doc, fields, Held<What>::place, Held<What>::owner, Held<What>::make, settle};
}

using Places = std::array<const EventTable*, std::variant_size_v<Alternatives>>;

[[nodiscard]] Places by_place() {
    Places places{};
    for (const EventTable& table : event_tables()) {
        places.at(table.place) = &table;
    }
    return places;
}

}  // namespace

std::span<const Field> time_field() noexcept {
    static constexpr std::array fields{
        field<&Event::at>("t", "seconds since the start of the run, exact to the nanosecond")};
    return fields;
}

std::span<const Field> common_fields() noexcept {
    static constexpr std::array fields{
        rare<&Event::id>("id", "the event's number, from 1 in the order in which events began"),
        rare<&Event::cause>("cause", "the id of the arriving segment that led to this"),
        rare<&Event::of>("of", "the id of the event that this one carries on"),
        rare<&Event::connection>("conn", "the connection, from 1 in the order of first segments"),
        rare_derived<AttemptNumber>("attempt", "the how-manieth to its address and port")};
    return fields;
}

std::span<const Field> last_fields() noexcept {
    static constexpr std::array fields{derived<Made>(
        "made", "of a segment: when its sender sent it, where it arrived at another time")};
    return fields;
}

std::span<const EventTable> event_tables() {
    static const std::array tables{
        table<Run>("run", "The first event: what was run, and by what it is judged.", run_fields()),
        table<Profile>("profile", "A profile that connections may meet from now on.",
                       profile_fields()),
        table<Segment>("segment", "A segment arrived, was to leave, or did leave.",
                       segment_fields(), settle_segment),
        table<Icmp>("icmp", "An icmp action sent an ICMP or ICMPv6 error.", icmp_fields()),
        table<State>("state", "The peer's side of a connection changed its RFC 9293 state.",
                     state_fields()),
        table<Rule>("rule", "An action of a rule, or an order, was carried out.", rule_fields()),
        table<Link>("link", "The way between program and peer, from now on.", link_fields()),
        table<Attempt>("attempt", "A new connection was begun.", attempt_fields()),
        table<Start>("start", "The peer takes note of a connection.", start_fields()),
        table<Command>("command", "The user fires a command.", command_fields()),
        table<Log>("log", "A log action.", log_fields()),
        table<Notice>("notice", "Something that a user should know.", notice_fields()),
        table<Socket>("socket", "The kernel's view of a socket of the program.", socket_fields()),
        table<Sockets>("sockets", "The kernel was asked for all sockets of the program.",
                       sockets_fields()),
        table<Call>("call", "A system call of COMMAND's.", call_fields()),
        table<Exit>("exit", "COMMAND ended.", exit_fields()),
        table<Conclusion>("conclusion", "What follows is the run's own end.", {}),
        table<AttemptRecord>("connection", "How a connection stands at the end.",
                             connection_fields(), settle_connection),
        table<Tally>("tally", "What came of a profile.", tally_fields()),
        table<Counters>("counters", "What the peer has counted.", counters_fields()),
        table<End>("end", "The run is over; its instant is the run's length.", end_fields()),
        table<Verdict>("verdict", "What the run amounted to; its last event.", verdict_fields())};
    return tables;
}

const EventTable* table_of(const Event& event) {
    static const Places places = by_place();
    return event.what.valueless_by_exception() ? nullptr : places[event.what.index()];
}

const EventTable* table_of(std::string_view word) {
    for (const EventTable& table : event_tables()) {
        if (table.word == word) {
            return &table;
        }
    }
    return nullptr;
}

}  // namespace ghostpeer::event
