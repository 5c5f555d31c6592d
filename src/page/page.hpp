// The page: one HTML file that shows a run, made from its events.
#pragma once

#include "page/record.hpp"

#include <string>
#include <string_view>

namespace ghostpeer::page {

/// The whole file. `source` says where the events are from, `version` who made it.
[[nodiscard]] std::string make_page(const Record& record, std::string_view source,
                                    std::string_view version);

/// The page of many runs, a cell for each. `results`: JSON, whatever texts are in it.
[[nodiscard]] std::string make_grid(std::string_view results);

}  // namespace ghostpeer::page
