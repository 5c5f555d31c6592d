// What the record says of an action beside its name.
#pragma once

#include "flows/connection.hpp"

#include <string>

namespace ghostpeer::flows {

/// `in`, `1000 bytes`; empty where the name says it all.
[[nodiscard]] std::string action_detail(const profile::Action& action,
                                        const Connection& connection);

}  // namespace ghostpeer::flows
