#include "event/writer.hpp"

#include "event/tables.hpp"

namespace ghostpeer::event {

bool write_json(std::string& out, const Event& event, const JsonStyle& style) {
    const EventTable* table = table_of(event);
    if (table == nullptr) {
        return false;
    }
    Json json(out, style);
    json.open('{');
    write_fields(json, time_field(), &event);
    json.key("event");
    json.word(table->word);
    write_fields(json, common_fields(), &event);
    write_fields(json, table->fields, table->owner(event));
    write_fields(json, last_fields(), &event);
    json.close('}');
    return true;
}

}  // namespace ghostpeer::event
