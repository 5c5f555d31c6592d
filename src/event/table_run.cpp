// How a record begins and ends.
#include "event/members.hpp"
#include "event/tables.hpp"

#include "ghostpeer/event/run.hpp"
#include "wire/utf8.hpp"

namespace ghostpeer::event {
namespace {

/// What a program wrote, which may be no text.
struct Written {
    std::string bytes;
};

struct Output {
    using Owner = End;
    static std::vector<Written> get(const End& end) {
        std::vector<Written> streams;
        for (const std::string& each : end.output) {
            streams.push_back({each});
        }
        return streams;
    }
    static void set(End& end, std::vector<Written>&& streams) {
        for (Written& each : streams) {
            end.output.push_back(std::move(each.bytes));
        }
    }
};

struct WaitedFor {
    using Owner = End;
    static std::optional<Standstill> get(const End& end) {
        const bool empty = end.standstill.clause.empty() && end.standstill.lines.empty();
        return empty ? std::nullopt : std::optional(end.standstill);
    }
    static void set(End& end, Standstill&& value) { end.standstill = std::move(value); }
};

}  // namespace

template <>
struct Codec<Written> {
    static constexpr Type type{.shape = Type::Shape::text_or_bytes};
    static void write(Json& json, const Written& value) {
        if (is_utf8(value.bytes)) {
            json.text(value.bytes);
            return;
        }
        json.open('{');
        json.key("hex");
        json.hexadecimal(reinterpret_cast<const std::uint8_t*>(value.bytes.data()),
                         value.bytes.size());
        json.close('}');
    }
    static bool read(Reading& reading, const JsonTree::Value& from, Written& to) {
        if (from.kind != JsonTree::Kind::object) {
            return Codec<std::string>::read(reading, from, to.bytes);
        }
        const JsonTree::Value* hex = reading.tree.find(from, "hex");
        wire::Bytes bytes;
        if (hex == nullptr || !read_hexadecimal(reading, *hex, bytes)) {
            return reading.fail("is neither a text nor bytes in `hex`");
        }
        to.bytes.assign(bytes.begin(), bytes.end());
        return true;
    }
};

template <>
struct Described<profile::SourceFile> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&profile::SourceFile::name>(
                "name", "as the user, or a profile that extends it, wrote it"),
            field<&profile::SourceFile::text>("text", "all of it")};
        return fields;
    }
};

template <>
struct Described<Profile::Part> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&Profile::Part::of>("of", "the number of the profile whose attempts name it"),
            field<&Profile::Part::index>("index", "among these, from 0")};
        return fields;
    }
};

template <>
struct Described<Standstill> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&Standstill::clause>("clause", "of what says most"),
            field<&Standstill::lines>("lines", "a sentence for each thread")};
        return fields;
    }
};

template <>
struct Described<Loss> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{field<&Loss::sentence>("sentence", "what was lost"),
                                           field<&Loss::vital>("vital", "do programs read it?")};
        return fields;
    }
};

std::span<const Field> run_fields() noexcept {
    static constexpr std::array fields{
        field<&Run::version>("version", "of ghostpeer"),
        field<&Run::command>("command", "and its arguments; empty: none"),
        field<&Run::link>("link", "tun, ethernet, …"),
        rare<&Run::kernel>("kernel", "that COMMAND ran on, where it is known"),
        rare<&Run::virtual_time>("virtual_time", "true: time is the guest's (--warp)"),
        field<&Run::epoch>("epoch", "the wall-clock time of t=0, since 1970"),
        field<&Run::seed>("seed", "of everything random in the run"),
        field<&Run::rtt>("rtt", "--rtt"),
        rare<&Run::served>("served", "true: there is no COMMAND to meet the rules"),
        field<&Run::timeout>("timeout", "--timeout"),
        rare<&Run::wall_timeout>("wall_timeout", "--wall-timeout"),
        field<&Run::expected_status>("expected_status", "--expect-status"),
        rare<&Run::require_fault>("require_fault", "true: --require-fault")};
    return fields;
}

std::span<const Field> profile_fields() noexcept {
    static constexpr std::array fields{
        field<&Profile::number>("number", "by which other events name it"),
        field<&Profile::name>("name", "the profile's"),
        field<&Profile::files>("files", "the file that was asked for and those that it extends"),
        field<&Profile::parameters>("parameters", "pairs of name and value: --set"),
        field<&Profile::part>("part", "of one that the attempts of another name"),
        rare<&Profile::scope>("scope", "of whose peers it is: that has a verdict of its own")};
    return fields;
}

std::span<const Field> end_fields() noexcept {
    static constexpr std::array fields{
        field<&End::ended>("ended", "what brought the run to its end"),
        field<&End::signal>("signal", "the number of the signal that did"),
        field<&End::failure>("failure", "the run broke down: a sentence"),
        field<&End::command_length>("command_length", "from COMMAND's start to its end"),
        derived<WaitedFor>("standstill", "where COMMAND stood, where the run ended before it"),
        field<&End::left_behind>("left_behind", "programs that COMMAND left running"),
        field<&End::instead>("instead", "what COMMAND did, where nothing reached the peer"),
        derived<Output>("output", "the last of what COMMAND wrote, where it is judged"),
        field<&End::unmet_uses>("unmet_uses", "profiles given by orders that nothing met"),
        field<&End::unmet_peers>("unmet_peers", "pairs of peer and profile that nothing came to"),
        field<&End::silent_addresses>("silent_addresses", "addresses without a peer"),
        field<&End::undialled>("undialled", "connections that the peer did not open, sentences"),
        field<&End::to_be_dialled>("to_be_dialled", "connections whose turn had not come"),
        field<&End::ordered_faults>("ordered_faults", "orders that did something to a connection"),
        field<&End::lost>("lost", "output that could not be written, as far as known by then")};
    return fields;
}

}  // namespace ghostpeer::event
