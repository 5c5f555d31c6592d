// The reference of the record and its JSON Schema say what the tables say.
#include "event/schema.hpp"
#include "event/tables.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>

using namespace ghostpeer;

namespace {

const std::string folder = GHOSTPEER_SOURCE_FOLDER "/include/ghostpeer/";

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The names in backticks of a table's first cell.
void add_names(const std::string& line, std::set<std::string>& names) {
    std::string cell = line.substr(1, line.find('|', 1) - 1);
    for (std::size_t at = 0; (at = cell.find('`', at)) != std::string::npos;) {
        const auto end = cell.find('`', at + 1);
        names.insert(cell.substr(at + 1, end - at - 1));
        at = end + 1;
    }
}

/// By heading: what the section's tables of fields name. Tables of words do not begin with `field`.
std::map<std::string, std::set<std::string>> documented() {
    std::map<std::string, std::set<std::string>> sections;
    std::string section;
    bool fields = false;
    bool table = false;
    std::istringstream text(content_of(folder + "event-stream.md"));
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("## ") || line.starts_with("### ")) {
            section = line.substr(line.find(' ') + 1);
            sections[section];
        }
        const bool row = line.starts_with("|");
        if (row && !table) {
            fields = line.starts_with("| field |");
        } else if (row && fields && !line.starts_with("|---")) {
            add_names(line, sections[section]);
        }
        table = row;
    }
    return sections;
}

std::set<std::string> names_of(std::span<const event::Field> fields) {
    std::set<std::string> names;
    for (const event::Field& field : fields) {
        names.emplace(field.name);
    }
    return names;
}

/// Its objects have tables of their own: `segment.options`.
void check_parts(const std::string& path, std::span<const event::Field> fields,
                 const std::map<std::string, std::set<std::string>>& sections) {
    for (const event::Field& field : fields) {
        const event::Type* type =
            field.type->shape == event::Type::Shape::list ? field.type->element : field.type;
        if (type->shape != event::Type::Shape::object) {
            continue;
        }
        const auto names = names_of(type->fields());
        if (names == std::set<std::string>{"file", "line"}) {
            continue;  // a place, which is told once for all
        }
        const std::string name = path + "." + std::string(field.name);
        INFO(name);
        const auto section = sections.find(name);
        REQUIRE(section != sections.end());
        CHECK(section->second == names);
        check_parts(name, type->fields(), sections);
    }
}

}  // namespace

TEST_CASE("event stream: its reference names the fields that there are") {
    const auto sections = documented();
    auto common = names_of(event::common_fields());
    common.merge(names_of(event::time_field()));
    common.insert("event");
    CHECK(sections.at("") == common);
    for (const event::EventTable& table : event::event_tables()) {
        const std::string word(table.word);
        INFO(word);
        const auto section = sections.find(word);
        REQUIRE(section != sections.end());
        auto names = names_of(table.fields);
        if (word == "segment") {
            names.merge(names_of(event::last_fields()));
        }
        auto told = section->second;
        for (const std::string& each : common) {
            told.erase(each);  // a word more about what all events have
        }
        CHECK(told == names);
        check_parts(word, table.fields, sections);
    }
}

TEST_CASE("event stream: its JSON Schema is that of the tables") {
    const std::string path = folder + "event-stream.schema.json";
    if (std::getenv("GHOSTPEER_WRITE_SCHEMA") != nullptr) {
        std::ofstream(path, std::ios::binary) << event::schema();
    }
    // To write it anew: GHOSTPEER_WRITE_SCHEMA=1 build/tests/ghostpeer-unit -tc='*JSON Schema*'
    CHECK(content_of(path) == event::schema());
}
