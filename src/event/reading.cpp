#include "event/reading.hpp"

#include "event/field.hpp"

#include <array>

namespace ghostpeer::event {

const std::string* SharedTexts::word(std::string_view text) {
    const auto known = words_.find(text);
    if (known != words_.end()) {
        return &*known;
    }
    if (words_.size() >= most || text.size() > longest) {
        return nullptr;
    }
    return &*words_.emplace(text).first;
}

std::shared_ptr<const std::string> SharedTexts::file(std::string_view text) {
    const auto known = files_.find(text);
    if (known != files_.end()) {
        return known->second;
    }
    auto made = std::make_shared<const std::string>(text);
    if (files_.size() < most && text.size() <= longest) {
        files_.emplace(text, made);
    }
    return made;
}

bool read_fields(Reading& reading, const JsonTree::Value& object, std::span<const Field> fields,
                 void* owner) {
    std::array<const JsonTree::Value*, most_fields> found{};
    // Members mostly stand in the table's order, so that the next one is found at once.
    std::size_t next = 0;
    reading.tree.for_each(object, [&](const JsonTree::Value& member) {
        const std::string_view name = reading.tree.key(member);
        for (std::size_t tried = 0; tried < fields.size(); ++tried) {
            const std::size_t at =
                next + tried < fields.size() ? next + tried : next + tried - fields.size();
            if (fields[at].name == name) {
                found[at] = &member;
                next = at + 1;
                break;
            }
        }
        return true;
    });
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Field& field = fields[i];
        if (found[i] == nullptr && !field.always) {
            continue;
        }
        if (found[i] == nullptr ? !reading.fail("is missing")
                                : !field.read(reading, *found[i], owner)) {
            reading.field.insert(0, reading.field.empty() ? "" : ".");
            reading.field.insert(0, field.name);
            return false;
        }
    }
    return true;
}

}  // namespace ghostpeer::event
