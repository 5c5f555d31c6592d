// The asking side: what `ctl` uses.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "http/message.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::http {

/// Where a server listens: a socket's path, or an address and a port.
struct Place {
    std::string path;
    std::string host;
    int port = 0;
};

/// One request. `receive` gets the body as it comes (of any status) and returns false to end the
/// exchange, which is no error.
struct Exchange {
    Place to;
    Request request;
    std::chrono::milliseconds patience{};  ///< for each wait
    std::function<Instant()> now;
    Instant until = Instant::max();  ///< for all of it
    std::function<bool(int status, std::string_view part)> receive;
};

/// The status; the error is a reason: the end of a sentence. Waits.
[[nodiscard]] tl::expected<int, std::string> exchange(const Exchange& what);

}  // namespace ghostpeer::http
