// What the peer has counted by the end of a run.
#include "event/members.hpp"
#include "event/tables.hpp"

#include "ghostpeer/event/tally.hpp"

namespace ghostpeer::event {
namespace {

[[nodiscard]] std::string_view name_of(wire::Oddity oddity) { return wire::describe(oddity); }
template <typename Enum>
[[nodiscard]] std::string_view name_of(Enum value) {
    return name(value);
}

/// A number for each word of an enumeration.
template <typename Enum>
struct Counts {
    std::array<std::uint64_t, word_count<Enum>> numbers{};
    friend bool operator==(const Counts&, const Counts&) = default;
};

template <typename Enum, auto... path>
struct CountsAt {
    using Owner = typename Path<path...>::Owner;
    static Counts<Enum> get(const Owner& owner) { return {Path<path...>::get(owner)}; }
    static void set(Owner& owner, const Counts<Enum>& value) {
        Path<path...>::set(owner, value.numbers);
    }
};

}  // namespace

template <typename Enum>
struct Codec<Counts<Enum>> {
    static std::vector<std::string_view> words() {
        std::vector<std::string_view> all;
        for (std::size_t i = 0; i < word_count<Enum>; ++i) {
            all.push_back(name_of(static_cast<Enum>(i)));
        }
        return all;
    }
    static constexpr Type type{.shape = Type::Shape::counts, .words = words};
    static void write(Json& json, const Counts<Enum>& value) {
        json.open('{');
        for (std::size_t i = 0; i < word_count<Enum>; ++i) {
            if (value.numbers[i] != 0) {
                json.key(name_of(static_cast<Enum>(i)));
                json.number(value.numbers[i]);
            }
        }
        json.close('}');
    }
    static bool read(Reading& reading, const JsonTree::Value& from, Counts<Enum>& to) {
        return from.kind == JsonTree::Kind::object
                   ? reading.tree.for_each(from,
                                           [&](const JsonTree::Value& member) {
                                               return read_one(reading, member, to);
                                           })
                   : reading.fail("is no object");
    }

  private:
    /// Words that are not known are passed over.
    static bool read_one(Reading& reading, const JsonTree::Value& from, Counts<Enum>& to) {
        for (std::size_t i = 0; i < word_count<Enum>; ++i) {
            if (name_of(static_cast<Enum>(i)) == reading.tree.key(from)) {
                return Codec<std::uint64_t>::read(reading, from, to.numbers[i]);
            }
        }
        return true;
    }
};

template <>
struct Described<Trail> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&Trail::ending>("ending", "as the peer saw it then"),
            field<&Trail::reset_left>("reset_left", "the last RST of the peer"),
            field<&Trail::reset_came>("reset_came", "the first RST of the program"),
            field<&Trail::last_reset_came>("last_reset_came", "and the last"),
            field<&Trail::unreachable_left>("unreachable_left", "the last ICMP error of the peer"),
            field<&Trail::fin_left>("fin_left", "the first FIN of the peer"),
            field<&Trail::fin_came>("fin_came", "the first FIN of the program"),
            field<&Trail::last_came>("last_came", "the program's last segment that is no RST"),
            rare<&Trail::unanswered>("unanswered", "probes and retransmissions since then"),
            rare<&Trail::was_open>("was_open", "true: the program has sent more than a SYN")};
        return fields;
    }
};

template <>
struct Described<Missed> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&Missed::action>("action", "the first that could not be done"),
            field<&Missed::due>("due", "when its time of after was over"),
            field<&Missed::ended>("ended", "when the connection was over, where it was before")};
        return fields;
    }
};

template <>
struct Described<Unheard> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&Unheard::at>("at", "when it came"),
            field<&Unheard::open>("open", "were connections open, in other phases?")};
        return fields;
    }
};

template <>
struct Described<RuleStatistics> {
    static std::span<const Field> fields() noexcept {
        using Rule = RuleStatistics;
        static constexpr std::array fields{
            rare<&Rule::events>("events", "how often its on came up"),
            rare<&Rule::failed_when>("failed_when", "of these, stopped by when"),
            rare<&Rule::failed_count>("failed_count", "stopped by first, nth, every"),
            rare<&Rule::failed_probability>("failed_probability", "stopped by probability"),
            rare<&Rule::overruled>("overruled", "another rule had decided before"),
            rare<&Rule::waiting>("waiting", "not done yet"),
            rare<&Rule::undone>("undone", "could not be done"),
            rare<&Rule::fired>("fired", "done"),
            rare<&Rule::withheld>("withheld", "segments dropped by it"),
            field<&Rule::due>("due", "when the first that waits is due"),
            field<&Rule::missed>("missed", "the first that could not be done"),
            field<&Rule::unheard>("unheard", "the first of its commands that nobody heard"),
            rare<&Rule::closest>("closest", "the nearest miss, a sentence")};
        return fields;
    }
};

std::span<const Field> connection_fields() noexcept {
    using Record = AttemptRecord;
    static constexpr std::array fields{
        field<&Record::flow, &wire::Flow::local>("local", "the peer's end"),
        field<&Record::flow, &wire::Flow::remote>("remote", "the program's end"),
        rare<&Record::dialled>("dialled", "true where the peer opened it"),
        field<&Record::start>("start", "when it began"),
        field<&Record::since_last>("since_last", "the time since the attempt before"),
        field<&Record::last_segment>("last_segment", "when something last arrived or left"),
        field<&Record::ending>("ending", "how it stands or ended, as the peer saw it"),
        field<&Record::syns>("syns", "how often its SYN arrived, or left a peer that dialled"),
        field<&Record::received>("received", "payload bytes in order"),
        field<&Record::sent>("sent", "payload bytes acknowledged by the program"),
        field<&Record::profile>("profile", "how the peer behaved to it: a profile's number"),
        field<&Record::trail>("trail", "when the segments passed that tell how it ended")};
    return fields;
}

std::span<const Field> tally_fields() noexcept {
    using tcp::Kind;
    using tcp::Reason;
    static constexpr std::array fields{
        field<&Tally::profile>("profile", "its number"),
        field<&Tally::connections>("connections", "that met it"),
        derived<CountsAt<Kind, &Tally::traffic, &Traffic::kinds>>("kinds", "segments that arrived"),
        derived<CountsAt<Reason, &Tally::traffic, &Traffic::reasons>>("reasons",
                                                                      "segments that left"),
        field<&Tally::rules>("rules", "what each of its rules saw and did, in their order")};
    return fields;
}

std::span<const Field> counters_fields() noexcept {
    using tcp::Kind;
    using tcp::Reason;
    using wire::Oddity;
    static constexpr std::array fields{
        field<&Counters::packets_in>("packets_in", "packets that arrived"),
        field<&Counters::packets_out>("packets_out", "packets that left"),
        field<&Counters::segments_in>("segments_in", "segments that arrived"),
        field<&Counters::segments_out>("segments_out", "segments that left"),
        field<&Counters::not_tcp>("not_tcp", "packets of other protocols"),
        derived<CountsAt<Oddity, &Counters::oddities>>("oddities", "packets that are no segments"),
        derived<CountsAt<Kind, &Counters::kinds>>("kinds", "segments that arrived"),
        derived<CountsAt<Reason, &Counters::reasons>>("reasons", "segments that left"),
        rare<&Counters::syns_dropped_at_limit>("syns_dropped_at_limit", "too many connections"),
        rare<&Counters::bytes_dropped_at_limit>("bytes_dropped_at_limit", "of one connection"),
        rare<&Counters::bytes_dropped_for_memory>("bytes_dropped_for_memory",
                                                  "at the limit of all connections together"),
        rare<&Counters::waits_for_memory>("waits_for_memory", "the peer had to wait for it"),
        rare<&Counters::undelivered>("undelivered", "packets that the link refused"),
        rare<&Counters::lost_on_the_way>("lost_on_the_way", "packets that a link lost by chance"),
        rare<&Counters::queue_full>("queue_full", "packets that a link's queue had no room for"),
        rare<&Counters::unrecorded_attempts>("unrecorded_attempts",
                                             "connections of which no event tells")};
    return fields;
}

}  // namespace ghostpeer::event
