// The tables as a JSON Schema (draft 2020-12) of a line of the record.
#pragma once

#include <string>

namespace ghostpeer::event {

/// include/ghostpeer/event-stream.schema.json as it should be, with a line end.
[[nodiscard]] std::string schema();

}  // namespace ghostpeer::event
