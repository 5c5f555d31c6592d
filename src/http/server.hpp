// Conversations with many clients at once: one thread, no waiting.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "http/message.hpp"

#include <functional>
#include <memory>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::http {

/// At once, of one server. Whoever comes then takes the place of one that has not been admitted, or
/// rests between requests; where there is none, it is told 503.
inline constexpr std::size_t max_connections = 64;

class Server {
  public:
    struct Parts {
        int listening;  ///< a socket that does not block; stays the caller's, and outlives this
        Handler& handler;
        std::function<Instant()> now;
    };
    /// The error is a reason: the end of a sentence.
    [[nodiscard]] static tl::expected<std::unique_ptr<Server>, std::string> start(Parts parts);

    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// Every connection ends at once.
    ~Server();

    /// From any thread: what pending answers and streams wait for may be there.
    void wake() noexcept;
    /// Nobody comes in any more; answers that can be given and the ends of streams are sent, for so
    /// long at most. Then every connection ends. False: the handler is still busy with a request,
    /// so that it and this object have to stay for as long as the process does.
    [[nodiscard]] bool finish(Duration patience);

  private:
    class Loop;
    explicit Server(std::unique_ptr<Loop> loop);

    std::unique_ptr<Loop> loop_;
};

}  // namespace ghostpeer::http
