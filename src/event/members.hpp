// How a table names the members of a struct, and when they are written.
#pragma once

#include "event/codec.hpp"
#include "event/field.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ghostpeer::event {

template <typename Pointer>
struct MemberOf;
template <typename Class, typename Member>
struct MemberOf<Member Class::*> {
    using Owner = Class;
    using Value = Member;
};

/// The member that one follows the pointers to.
template <auto first, auto... rest>
struct Path {
    using Owner = typename MemberOf<decltype(first)>::Owner;

    template <typename From>
    static auto& at(From& owner) {
        if constexpr (sizeof...(rest) == 0) {
            return owner.*first;
        } else {
            return Path<rest...>::at(owner.*first);
        }
    }
    static const auto& get(const Owner& owner) { return at(owner); }
    template <typename Value>
    static void set(Owner& owner, Value&& value) {
        at(owner) = std::forward<Value>(value);
    }
};

template <typename Value>
struct Unwrapped {
    using Type = Value;
    static constexpr bool optional = false;
};
template <typename Value>
struct Unwrapped<std::optional<Value>> {
    using Type = Value;
    static constexpr bool optional = true;
};

/// A flag that is told where it is false.
template <auto... path>
struct ToldIfFalse {
    using Owner = typename Path<path...>::Owner;
    static std::optional<bool> get(const Owner& owner) {
        return Path<path...>::get(owner) ? std::nullopt : std::optional(false);
    }
    static void set(Owner& owner, bool value) { Path<path...>::set(owner, value); }
};

/// When a field is written.
enum class Presence : std::uint8_t {
    always,         ///< or where an std::optional has a value
    unless_default  ///< where it is not what it is by itself: 0, false, empty
};

/// A field whose value an accessor gets and sets: `Owner`, `get(owner)` and `set(owner, value)`,
/// which may say that it cannot be by `false`.
template <typename Access, Presence presence = Presence::always>
struct FieldOf {
    using Owner = typename Access::Owner;
    using Got = std::remove_cvref_t<decltype(Access::get(std::declval<const Owner&>()))>;
    using Value = typename Unwrapped<Got>::Type;

    static void write(Json& json, std::string_view name, const void* owner) {
        const auto& value = Access::get(*static_cast<const Owner*>(owner));
        if constexpr (Unwrapped<Got>::optional) {
            if (value) {
                json.key(name);
                Codec<Value>::write(json, *value);
            }
        } else {
            if constexpr (presence == Presence::unless_default) {
                if (value == Value{}) {
                    return;
                }
            }
            json.key(name);
            Codec<Value>::write(json, value);
        }
    }
    static bool read(Reading& reading, const JsonTree::Value& from, void* owner) {
        Value value{};
        if (!Codec<Value>::read(reading, from, value)) {
            return false;
        }
        auto& to = *static_cast<Owner*>(owner);
        if constexpr (std::is_same_v<decltype(Access::set(to, std::move(value))), bool>) {
            return Access::set(to, std::move(value)) ||
                   reading.fail("does not go with the other fields");
        } else {
            Access::set(to, std::move(value));
            return true;
        }
    }
    static constexpr Field make(std::string_view name, std::string_view doc) {
        return {name,
                doc,
                presence == Presence::always && !Unwrapped<Got>::optional,
                &Codec<Value>::type,
                write,
                read};
    }
};

/// An object that stands in JSON alone: its fields belong to the same owner.
template <typename Owner_, std::span<const Field> (*fields)()>
struct Part {
    static constexpr Type type{.shape = Type::Shape::object, .fields = fields};
    static void write(Json& json, std::string_view name, const void* owner) {
        json.key(name);
        json.open('{');
        write_fields(json, fields(), owner);
        json.close('}');
    }
    static bool read(Reading& reading, const JsonTree::Value& from, void* owner) {
        return from.kind == JsonTree::Kind::object ? read_fields(reading, from, fields(), owner)
                                                   : reading.fail("is no object");
    }
};

template <auto... path>
constexpr Field field(std::string_view name, std::string_view doc) {
    return FieldOf<Path<path...>>::make(name, doc);
}
/// Absent where it is 0, false or empty.
template <auto... path>
constexpr Field rare(std::string_view name, std::string_view doc) {
    return FieldOf<Path<path...>, Presence::unless_default>::make(name, doc);
}
template <typename Access>
constexpr Field derived(std::string_view name, std::string_view doc) {
    return FieldOf<Access>::make(name, doc);
}
template <typename Access>
constexpr Field rare_derived(std::string_view name, std::string_view doc) {
    return FieldOf<Access, Presence::unless_default>::make(name, doc);
}
/// Absent from records that were written before the field was: what is read is then its default.
constexpr Field later(Field made) {
    made.always = false;
    return made;
}
template <typename Owner, std::span<const Field> (*fields)()>
constexpr Field part(std::string_view name, std::string_view doc) {
    using Made = Part<Owner, fields>;
    return {name, doc, true, &Made::type, Made::write, Made::read};
}

}  // namespace ghostpeer::event
