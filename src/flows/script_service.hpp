// A script, played to a connection.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/tcp/output.hpp"
#include "script/runner.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ghostpeer::flows {

/// Goes on as far as the script can before something has to be written.
void script_read(Connection& connection, Instant now, std::size_t max_buffered);
/// What the script does to the connection, once everything has been written.
void script_write(Connection& connection, Instant now, tcp::Output& out);
/// Everything has been written, and the script goes on at once.
[[nodiscard]] bool script_goes_on(const Connection& connection, Instant now);
/// The script does nothing more by itself, so that the end of what comes is its end.
[[nodiscard]] bool script_may_end(const Connection& connection);
/// What came that the script has no word for, since this was called last; `over`: no more comes.
[[nodiscard]] std::vector<script::Surprise> script_surprises(Connection& connection, bool over);

/// Marks of the requests that have become whole since this was called last; `over`: what has come
/// of one is all of it.
[[nodiscard]] std::vector<std::uint64_t> whole_requests(Connection& connection, bool over);

}  // namespace ghostpeer::flows
