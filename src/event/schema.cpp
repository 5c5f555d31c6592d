#include "event/schema.hpp"

#include "event/tables.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>

namespace ghostpeer::event {
namespace {

using Schema = nlohmann::ordered_json;

[[nodiscard]] Schema schema_of(std::span<const Field> fields);

[[nodiscard]] Schema integer(const Type& type) {
    Schema made{{"type", "integer"}, {"minimum", type.least}};
    // A bound that a double cannot hold is none to those who compare with one.
    if (type.most <= std::numeric_limits<std::uint32_t>::max()) {
        made["maximum"] = type.most;
    }
    if (type.least < std::numeric_limits<std::int32_t>::min()) {
        made.erase("minimum");
    }
    return made;
}

[[nodiscard]] Schema words_of(const Type& type) {
    Schema words = Schema::array();
    for (const std::string_view word : type.words()) {
        words.push_back(word);
    }
    return words;
}

[[nodiscard]] Schema counts_of(const Type& type) {
    Schema properties = Schema::object();
    for (const std::string_view word : type.words()) {
        properties[std::string(word)] = {{"type", "integer"}, {"minimum", 1}};
    }
    return {{"type", "object"}, {"properties", properties}};
}

[[nodiscard]] Schema schema_of(const Type& type) {
    using Shape = Type::Shape;
    Schema text{{"type", "string"}};
    Schema bytes{{"type", "string"}, {"pattern", "^([0-9a-f]{2})*$"}};
    switch (type.shape) {
        case Shape::boolean: return {{"type", "boolean"}};
        case Shape::integer: return integer(type);
        case Shape::seconds: return {{"type", "number"}};
        case Shape::text:
        case Shape::address: return text;
        case Shape::word: return {{"enum", words_of(type)}};
        case Shape::endpoint:
            return {{"type", "string"}, {"pattern", R"(^(\[[0-9a-f:.]+\]|[0-9.]+):[0-9]{1,5}$)"}};
        case Shape::flags: return {{"type", "string"}, {"pattern", "^S?F?R?P?A?U?E?C?$"}};
        case Shape::hexadecimal: return bytes;
        case Shape::list: return {{"type", "array"}, {"items", schema_of(*type.element)}};
        case Shape::object: return schema_of(type.fields());
        case Shape::counts: return counts_of(type);
        case Shape::integer_or_text: return {{"type", {"integer", "string"}}};
        case Shape::text_or_bytes: {
            const Schema object{
                {"type", "object"}, {"properties", {{"hex", bytes}}}, {"required", {"hex"}}};
            return {{"oneOf", {text, object}}};
        }
    }
    return true;
}

void add(Schema& object, std::span<const Field> fields) {
    for (const Field& field : fields) {
        Schema described{{"description", field.doc}};
        described.update(schema_of(*field.type));
        object["properties"][std::string(field.name)] = std::move(described);
        if (field.always) {
            object["required"].push_back(field.name);
        }
    }
}

[[nodiscard]] Schema schema_of(std::span<const Field> fields) {
    Schema object{{"type", "object"}, {"properties", Schema::object()}};
    add(object, fields);
    return object;
}

}  // namespace

std::string schema() {
    Schema whole{
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"title", "An event of ghostpeer's event stream"},
        {"description",
         "One line of `ghostpeer run --events FILE`; event-stream.md is the reference. "
         "Events and fields are only ever added: readers pass over what they do not know."},
        {"type", "object"},
        {"properties", Schema::object()},
        {"required", {"event"}}};
    add(whole, time_field());
    whole["properties"]["event"] = {{"description", "which event it is"}, {"type", "string"}};
    add(whole, common_fields());
    add(whole, last_fields());
    for (const EventTable& table : event_tables()) {
        Schema described{{"description", table.doc}};
        described.update(schema_of(table.fields));
        described.erase("type");
        whole["$defs"][std::string(table.word)] = std::move(described);
        whole["allOf"].push_back({{"if", {{"properties", {{"event", {{"const", table.word}}}}}}},
                                  {"then", {{"$ref", "#/$defs/" + std::string(table.word)}}}});
    }
    constexpr int indent = 1;
    return whole.dump(indent) + "\n";
}

}  // namespace ghostpeer::event
