// One client's requests and their answers, without a socket and without a clock.
#pragma once

#include "ghostpeer/wire/time.hpp"
#include "http/message.hpp"
#include "http/request_reader.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::http {

inline constexpr Duration head_patience = std::chrono::seconds(10);  ///< from its first byte
inline constexpr Duration body_patience = std::chrono::seconds(30);
inline constexpr Duration idle_patience = std::chrono::seconds(120);  ///< between requests
inline constexpr Duration write_patience = std::chrono::seconds(10);  ///< with nothing taken
inline constexpr Duration linger_patience = std::chrono::seconds(2);  ///< after the last answer
inline constexpr Duration sign_of_life_after = std::chrono::seconds(10);

/// Holds a bounded amount, whatever comes: a request's head and body, and an answer.
class Conversation {
  public:
    Conversation(Handler& handler, Instant now)
        : handler_(handler), deadline_(now + head_patience), began_(now) {}

    /// Give bytes only while this is true.
    [[nodiscard]] bool wants_input() const noexcept;
    /// Then call `advance`.
    void receive(std::string_view bytes, Instant now);
    /// The client sends no more. One that waits for an answer counts as gone: of a closed TCP
    /// connection no more than this can be seen.
    void receive_end(Instant now);
    /// What is due at `now`, and what has come of what was waited for.
    void advance(Instant now);

    /// To be sent.
    [[nodiscard]] std::string_view output() const noexcept {
        return std::string_view(output_).substr(sent_);
    }
    void sent(std::size_t bytes, Instant now);
    /// No output follows: this side of the connection can be shut. What still comes is discarded.
    [[nodiscard]] bool has_said_all() const noexcept {
        return phase_ == Phase::linger && output().empty();
    }
    [[nodiscard]] bool over() const noexcept { return phase_ == Phase::over; }
    /// When `advance` has something to do even if nothing happens.
    [[nodiscard]] Instant deadline() const noexcept;

    /// The handler is being asked, or told to tell more.
    [[nodiscard]] bool waits() const noexcept {
        return phase_ == Phase::pending || phase_ == Phase::stream;
    }
    /// May it be ended for somebody else's sake? The lower the sooner; nothing: no.
    enum class Rank : std::uint8_t { stranger, idle };
    [[nodiscard]] std::optional<Rank> dispensable() const noexcept;
    [[nodiscard]] Instant began() const noexcept { return began_; }
    /// The client is gone.
    void give_up() noexcept;
    /// No more requests: it ends with the answer that is being given, if there is one.
    void finish();

  private:
    enum class Phase : std::uint8_t { idle, head, body, pending, stream, linger, over };

    void work(Instant now);
    /// False: more bytes have to come.
    bool read_request(std::string_view& bytes, Instant now);
    void begin_body(Instant now);
    [[nodiscard]] Response ask();
    void answer(Response&& response, Instant now);
    void refuse(int status, Instant now);
    void end_answer(Instant now);
    void tell_stream(Instant now);
    void write_chunk(std::string_view content);
    void write_head(const Response& response);
    void put(std::string_view text) { output_ += text; }

    Handler& handler_;
    Phase phase_ = Phase::idle;
    Instant deadline_;
    Instant began_;
    Instant last_progress_{};  ///< of output
    RequestReader reader_;
    std::string input_;  ///< of requests that come later
    std::string output_;
    std::size_t sent_ = 0;
    std::shared_ptr<Pending> pending_;
    std::shared_ptr<Stream> stream_;
    bool last_ = false;      ///< the connection ends with this answer
    bool ended_ = false;     ///< the client sends no more
    bool admitted_ = false;  ///< at least one of its requests was
};

}  // namespace ghostpeer::http
