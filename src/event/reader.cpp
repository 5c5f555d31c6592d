#include "event/reader.hpp"

#include "event/tables.hpp"

#include <fmt/format.h>

namespace ghostpeer::event {

Line Reader::malformed(std::string_view field, std::string_view problem) {
    problem_ = fmt::format("line {}: {} {}", line_number_, field, problem);
    return Line::malformed;
}

Line Reader::pass_long_line() {
    ++line_number_;
    return malformed("it", fmt::format("is longer than {} bytes", longest_line));
}

Line Reader::read(std::string_view line, Event& event) {
    if (line.size() > longest_line) {
        return pass_long_line();
    }
    ++line_number_;
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return Line::blank;
    }
    if (!tree_.parse(line)) {
        return malformed("it", tree_.problem());
    }
    const JsonTree::Value& object = tree_.root();
    const JsonTree::Value* const word =
        object.kind == JsonTree::Kind::object ? tree_.find(object, "event") : nullptr;
    if (word == nullptr || word->kind != JsonTree::Kind::text) {
        return malformed("it", "is no event: it does not say which by `event`");
    }
    const EventTable* const table = table_of(tree_.text(*word));
    if (table == nullptr) {
        return Line::unknown;
    }
    event.connection = 0;
    event.attempt = 0;
    event.id = 0;
    event.cause = 0;
    event.of = 0;
    Reading reading{tree_, texts_, {}, {}};
    if (!read_fields(reading, object, time_field(), &event) ||
        !read_fields(reading, object, common_fields(), &event) ||
        !read_fields(reading, object, table->fields, table->make(event)) ||
        !read_fields(reading, object, last_fields(), &event)) {
        return malformed(reading.field, reading.problem);
    }
    if (table->settle != nullptr) {
        table->settle(event);
    }
    return Line::event;
}

}  // namespace ghostpeer::event
