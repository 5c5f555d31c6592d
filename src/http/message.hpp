// Requests and answers of HTTP/1.1 (RFC 9112), as the control interface needs them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::http {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The value of the first field of that name, in whatever case; empty: there is none.
[[nodiscard]] std::string_view find_field(const Fields& fields, std::string_view name) noexcept;
[[nodiscard]] std::size_t count_fields(const Fields& fields, std::string_view name) noexcept;

/// One line, without its end, as a field (RFC 9112, section 5): no space before the colon, no
/// folding, no control characters. False: it is none, and nothing was added.
[[nodiscard]] bool add_field(std::string_view line, Fields& to);
/// Do the two differ in case alone?
[[nodiscard]] bool same_word(std::string_view a, std::string_view b) noexcept;
/// RFC 9110, section 5.6.2.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

struct Request {
    std::string method;
    std::string target;  ///< path and query as they came, undecoded
    Fields headers;
    std::string body;
};

struct Response;

/// A body that comes by and by. Destroyed when its reader has gone.
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    /// Appends what there is now, if anything, without waiting. False: that was the end.
    [[nodiscard]] virtual bool more(std::string& into) = 0;
    /// What to send where nothing has come for a while; it shows whether the reader is still there.
    [[nodiscard]] virtual std::string_view sign_of_life() const noexcept = 0;
};

/// An answer that is not there yet. Destroyed when nobody waits for it any more.
class Pending {
  public:
    Pending() = default;
    Pending(const Pending&) = delete;
    Pending& operator=(const Pending&) = delete;
    virtual ~Pending() = default;

    /// The answer, once; nothing until it is there.
    [[nodiscard]] virtual std::optional<Response> poll() = 0;
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    Fields headers;
    std::shared_ptr<Stream> stream;    ///< set: it tells the body
    std::shared_ptr<Pending> pending;  ///< set: it will be the answer, and this is none
};

/// Called from one thread, the server's.
class Handler {
  public:
    Handler() = default;
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;
    virtual ~Handler() = default;

    /// Looks at a request before its body is read; an answer refuses it.
    [[nodiscard]] virtual std::optional<Response> admit(const Request& head) = 0;
    [[nodiscard]] virtual Response handle(const Request& request) = 0;
    /// The answer to what is no request that `handle` could take, with its status.
    [[nodiscard]] virtual Response refuse(int status) = 0;
};

}  // namespace ghostpeer::http
