// An event as a line of JSON. include/ghostpeer/event-stream.md is its reference, tables.hpp what
// it is made of.
#pragma once

#include "event/json.hpp"
#include "ghostpeer/event/event.hpp"

#include <string>

namespace ghostpeer::event {

/// Appends the object without a line end; false: such an event stands in no record.
bool write_json(std::string& out, const Event& event, const JsonStyle& style = {});

}  // namespace ghostpeer::event
