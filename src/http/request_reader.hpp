// One request out of bytes as they come, strictly (RFC 9112): what two readers could take for two
// different requests is refused.
#pragma once

#include "http/body_reader.hpp"
#include "http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::http {

inline constexpr std::size_t max_head_bytes = 16 * 1024;
inline constexpr std::size_t max_fields = 64;
inline constexpr std::size_t max_target_bytes = 8'000;
inline constexpr std::size_t max_body_bytes = 1024 * 1024;

class RequestReader {
  public:
    enum class State : std::uint8_t { head, body, whole, refused };

    /// Takes off `bytes` what belongs to this request. Stops behind the head, even if there is
    /// more, so that it can be looked at before the body is taken.
    void read(std::string_view& bytes);

    [[nodiscard]] State state() const noexcept { return state_; }
    /// Of a refused one: the status.
    [[nodiscard]] int refusal() const noexcept { return refusal_; }
    /// Its head from `State::body` on, all of it with `State::whole`.
    [[nodiscard]] const Request& request() const noexcept { return request_; }
    [[nodiscard]] bool keeps_alive() const noexcept { return keeps_alive_; }
    [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
    /// HTTP/1.1, not 1.0.
    [[nodiscard]] bool knows_chunks() const noexcept { return knows_chunks_; }

  private:
    void read_head(std::string_view& bytes);
    /// Nothing, or a status to refuse it with.
    [[nodiscard]] int parse_head(std::string_view head);
    [[nodiscard]] int parse_first_line(std::string_view line);
    [[nodiscard]] int choose_body();
    void refuse(int status) noexcept;

    State state_ = State::head;
    int refusal_ = 0;
    bool keeps_alive_ = true;
    bool expects_continue_ = false;
    bool knows_chunks_ = true;
    std::string head_;
    Request request_;
    BodyReader body_;
};

}  // namespace ghostpeer::http
