// HTTP as the control interface needs it. What is behind `Functions` lies in the module
// `ghostpeer-http.so`, because cpp-httplib brings libraries that a run must not load at its start.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t max_body_bytes = 1024 * 1024;
/// At once, of one server; the next one is told 503.
inline constexpr std::size_t max_connections = 64;

struct Request {
    std::string method;
    std::string target;  ///< path and query as they came, undecoded
    Fields headers;
    std::string body;  ///< at most `max_body_bytes`
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    Fields headers;
    /// Set: the body is what this appends, call by call, until it returns false. It may wait; the
    /// connection is given up where the reader takes nothing for 10 s.
    std::function<bool(std::string& more)> stream;
};

/// Called from several threads at once.
class Handler {
  public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;

    [[nodiscard]] virtual Response handle(const Request& request) = 0;
    /// The answer to what is no request that `handle` could take, with its status.
    [[nodiscard]] virtual Response refuse(int status) = 0;
};

/// Serves until it is destroyed. Then every connection ends at once; calls of the handler that are
/// under way are waited for, so the caller has to bring them to an end before.
class Server {
  public:
    Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    virtual ~Server() = default;
};

/// Where a server listens: a socket's path, or an address and a port.
struct Place {
    std::string path;
    std::string host;
    int port = 0;
};

/// One request of a client. `receive` gets the body as it comes (of any status) and returns false
/// to end the exchange, which is no error. `patience` is for each wait.
struct Exchange {
    Place to;
    Request request;
    std::chrono::milliseconds patience{};
    std::function<bool(int status, std::string_view part)> receive;
};

struct Functions {
    /// Takes over a listening socket, not its descriptor, which stays the caller's and outlives it.
    std::unique_ptr<Server> (*serve)(int listening, Handler& handler);
    /// The status; the error is a reason: the end of a sentence.
    tl::expected<int, std::string> (*exchange)(const Exchange& what);
};

inline constexpr const char* entry = "ghostpeer_http";
using Entry = const Functions& (*)();

}  // namespace ghostpeer::http
