// The table of an event's fields: what the writer, the reader and the documented schema are made
// of. A table names fields and members; how a value of a type stands in JSON is in codec.hpp.
#pragma once

#include "event/json.hpp"
#include "event/json_tree.hpp"
#include "event/reading.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ghostpeer::event {

struct Field;

/// How a value stands in JSON.
struct Type {
    enum class Shape : std::uint8_t {
        boolean,
        integer,  ///< from `least` to `most`
        seconds,
        text,
        word,  ///< one of `words`
        endpoint,
        address,
        flags,
        hexadecimal,
        list,    ///< of `element`
        object,  ///< with `fields`
        counts,  ///< an object: a number for each of `words` that has one
        integer_or_text,
        text_or_bytes  ///< a text, or an object with `hex` where it is no UTF-8
    };

    Shape shape = Shape::text;
    std::int64_t least = 0;
    std::uint64_t most = 0;
    std::vector<std::string_view> (*words)() = nullptr;
    const Type* element = nullptr;
    std::span<const Field> (*fields)() = nullptr;
};

/// One field of an object.
struct Field {
    std::string_view name;
    std::string_view doc;  ///< one line
    bool always = true;    ///< false: it may be absent
    const Type* type = nullptr;
    /// Appends name and value, or nothing where the owner has none.
    void (*write)(Json& json, std::string_view name, const void* owner) = nullptr;
    /// False: it cannot be that; `reading` has why.
    bool (*read)(Reading& reading, const JsonTree::Value& value, void* owner) = nullptr;
};

inline constexpr std::size_t most_fields = 64;

inline void write_fields(Json& json, std::span<const Field> fields, const void* owner) {
    for (const Field& field : fields) {
        field.write(json, field.name, owner);
    }
}

/// The members of a JSON object; those that no field names are passed over. False: one is missing
/// or cannot be what it is.
[[nodiscard]] bool read_fields(Reading& reading, const JsonTree::Value& object,
                               std::span<const Field> fields, void* owner);

}  // namespace ghostpeer::event
