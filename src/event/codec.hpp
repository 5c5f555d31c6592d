// How a value of each type stands in JSON.
#pragma once

#include "event/field.hpp"
#include "event/words.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <array>
#include <concepts>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace ghostpeer::event {

template <typename Value>
struct Codec;  // type, write(json, value), read(reading, json value, value)

/// The table of a struct that is an object in JSON.
template <typename Struct>
struct Described;  // static std::span<const Field> fields()

// Scalars ----------------------------------------------------------------------------------------

[[nodiscard]] bool read_integer(Reading& reading, const JsonTree::Value& from, std::int64_t least,
                                std::uint64_t most, std::uint64_t& bits);
[[nodiscard]] bool read_text(Reading& reading, const JsonTree::Value& from, std::string_view& to);
[[nodiscard]] bool read_seconds(Reading& reading, const JsonTree::Value& from, Duration& to);
[[nodiscard]] bool read_hexadecimal(Reading& reading, const JsonTree::Value& from, wire::Bytes& to);

template <>
struct Codec<bool> {
    static constexpr Type type{.shape = Type::Shape::boolean};
    static void write(Json& json, bool value) { json.boolean(value); }
    static bool read(Reading& reading, const JsonTree::Value& from, bool& to) {
        to = from.truth;
        return from.kind == JsonTree::Kind::boolean || reading.fail("is neither true nor false");
    }
};

template <std::integral Integer>
struct Codec<Integer> {
    static constexpr Type type{.shape = Type::Shape::integer,
                               .least = std::numeric_limits<Integer>::min(),
                               .most = std::numeric_limits<Integer>::max()};
    static void write(Json& json, Integer value) { json.number(value); }
    static bool read(Reading& reading, const JsonTree::Value& from, Integer& to) {
        std::uint64_t bits = 0;
        const bool good = read_integer(reading, from, type.least, type.most, bits);
        to = static_cast<Integer>(bits);
        return good;
    }
};

template <>
struct Codec<std::string> {
    static constexpr Type type{.shape = Type::Shape::text};
    static void write(Json& json, const std::string& value) { json.text(value); }
    static bool read(Reading& reading, const JsonTree::Value& from, std::string& to) {
        std::string_view text;
        const bool good = read_text(reading, from, text);
        to = text;
        return good;
    }
};

/// Words that the program says by literals, and the reader by what it keeps.
template <>
struct Codec<std::string_view> {
    static constexpr Type type{.shape = Type::Shape::text};
    static void write(Json& json, std::string_view value) { json.text(value); }
    static bool read(Reading& reading, const JsonTree::Value& from, std::string_view& to) {
        std::string_view text;
        if (!read_text(reading, from, text)) {
            return false;
        }
        const std::string* kept = reading.texts.word(text);
        if (kept == nullptr) {
            return reading.fail("is one word too many, or too long for one");
        }
        to = *kept;
        return true;
    }
};

/// The file of a place, which many events share.
template <>
struct Codec<std::shared_ptr<const std::string>> {
    using File = std::shared_ptr<const std::string>;
    static constexpr Type type{.shape = Type::Shape::text};
    static void write(Json& json, const File& value) {
        json.text(value ? std::string_view(*value) : std::string_view());
    }
    static bool read(Reading& reading, const JsonTree::Value& from, File& to) {
        std::string_view text;
        const bool good = read_text(reading, from, text);
        to = reading.texts.file(text);
        return good;
    }
};

/// Enumerations with `name` and a count of words.
template <typename Enum>
requires std::is_enum_v<Enum>
struct Codec<Enum> {
    static std::vector<std::string_view> words() {
        std::vector<std::string_view> all;
        for (std::size_t i = 0; i < word_count<Enum>; ++i) {
            all.push_back(name(static_cast<Enum>(i)));
        }
        return all;
    }
    static constexpr Type type{.shape = Type::Shape::word, .words = words};
    static void write(Json& json, Enum value) { json.word(name(value)); }
    static bool read(Reading& reading, const JsonTree::Value& from, Enum& to) {
        std::string_view text;
        if (!read_text(reading, from, text)) {
            return false;
        }
        for (std::size_t i = 0; i < word_count<Enum>; ++i) {
            to = static_cast<Enum>(i);
            if (name(to) == text) {
                return true;
            }
        }
        return reading.fail(unknown_word(text, words()));
    }
};

template <>
struct Codec<Duration> {
    static constexpr Type type{.shape = Type::Shape::seconds};
    static void write(Json& json, Duration value) { json.seconds(value); }
    static bool read(Reading& reading, const JsonTree::Value& from, Duration& to) {
        return read_seconds(reading, from, to);
    }
};

template <>
struct Codec<Instant> {
    static constexpr Type type{.shape = Type::Shape::seconds};
    static void write(Json& json, Instant value) { json.seconds(value.time_since_epoch()); }
    static bool read(Reading& reading, const JsonTree::Value& from, Instant& to) {
        Duration since{};
        const bool good = read_seconds(reading, from, since);
        to = Instant(since);
        return good;
    }
};

template <>
struct Codec<std::variant<std::int64_t, std::string>> {
    static constexpr Type type{.shape = Type::Shape::integer_or_text};
    using Value = std::variant<std::int64_t, std::string>;
    static void write(Json& json, const Value& value) {
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            json.number(*number);
        } else {
            json.text(std::get<std::string>(value));
        }
    }
    static bool read(Reading& reading, const JsonTree::Value& from, Value& to) {
        if (from.kind == JsonTree::Kind::text) {
            return Codec<std::string>::read(reading, from, to.emplace<std::string>());
        }
        return Codec<std::int64_t>::read(reading, from, to.emplace<std::int64_t>());
    }
};

// What is on the wire ------------------------------------------------------------------------

template <>
struct Codec<wire::IpAddress> {
    static constexpr Type type{.shape = Type::Shape::address};
    static void write(Json& json, const wire::IpAddress& value);
    static bool read(Reading& reading, const JsonTree::Value& from, wire::IpAddress& to);
};

template <>
struct Codec<wire::Endpoint> {
    static constexpr Type type{.shape = Type::Shape::endpoint};
    static void write(Json& json, const wire::Endpoint& value);
    static bool read(Reading& reading, const JsonTree::Value& from, wire::Endpoint& to);
};

template <>
struct Codec<wire::Flags> {
    static constexpr Type type{.shape = Type::Shape::flags};
    static void write(Json& json, wire::Flags value);
    static bool read(Reading& reading, const JsonTree::Value& from, wire::Flags& to);
};

template <>
struct Codec<wire::Bytes> {
    static constexpr Type type{.shape = Type::Shape::hexadecimal};
    static void write(Json& json, const wire::Bytes& value) {
        json.hexadecimal(value.data(), value.size());
    }
    static bool read(Reading& reading, const JsonTree::Value& from, wire::Bytes& to) {
        return read_hexadecimal(reading, from, to);
    }
};

// Lists and objects --------------------------------------------------------------------------

template <typename List>
void write_list(Json& json, const List& values) {
    json.open('[');
    std::size_t written = 0;
    for (const auto& value : values) {
        if (++written > json.style().longest_list) {
            break;
        }
        json.next();
        Codec<typename List::value_type>::write(json, value);
    }
    json.close(']');
}

template <typename Element>
struct Codec<std::vector<Element>> {
    static constexpr Type type{.shape = Type::Shape::list, .element = &Codec<Element>::type};
    static void write(Json& json, const std::vector<Element>& values) { write_list(json, values); }
    static bool read(Reading& reading, const JsonTree::Value& from, std::vector<Element>& to) {
        to.clear();
        return from.kind == JsonTree::Kind::list
                   ? reading.tree.for_each(from,
                                           [&](const JsonTree::Value& part) {
                                               return Codec<Element>::read(reading, part,
                                                                           to.emplace_back());
                                           })
                   : reading.fail("is no list");
    }
};

template <typename Element, std::size_t size>
struct Codec<std::array<Element, size>> {
    static constexpr Type type{.shape = Type::Shape::list, .element = &Codec<Element>::type};
    static void write(Json& json, const std::array<Element, size>& values) {
        write_list(json, values);
    }
    static bool read(Reading& reading, const JsonTree::Value& from, std::array<Element, size>& to) {
        std::vector<Element> read;
        if (!Codec<std::vector<Element>>::read(reading, from, read)) {
            return false;
        }
        if (read.size() != size) {
            return reading.fail("has another number of parts");
        }
        std::move(read.begin(), read.end(), to.begin());
        return true;
    }
};

template <typename First, typename Second>
struct Codec<std::pair<First, Second>> {
    static_assert(std::is_same_v<First, Second>);
    using List = std::array<First, 2>;
    static constexpr Type type = Codec<List>::type;
    static void write(Json& json, const std::pair<First, Second>& value) {
        Codec<List>::write(json, {value.first, value.second});
    }
    static bool read(Reading& reading, const JsonTree::Value& from, std::pair<First, Second>& to) {
        List list;
        const bool good = Codec<List>::read(reading, from, list);
        to = {std::move(list[0]), std::move(list[1])};
        return good;
    }
};

template <typename Struct>
requires requires { Described<Struct>::fields(); }
struct Codec<Struct> {
    static constexpr Type type{.shape = Type::Shape::object, .fields = Described<Struct>::fields};
    static void write(Json& json, const Struct& value) {
        json.open('{');
        write_fields(json, Described<Struct>::fields(), &value);
        json.close('}');
    }
    static bool read(Reading& reading, const JsonTree::Value& from, Struct& to) {
        return from.kind == JsonTree::Kind::object
                   ? read_fields(reading, from, Described<Struct>::fields(), &to)
                   : reading.fail("is no object");
    }
};

}  // namespace ghostpeer::event
