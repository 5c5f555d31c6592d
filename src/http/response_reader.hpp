// One answer out of bytes as they come.
#pragma once

#include "http/body_reader.hpp"
#include "http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::http {

class ResponseReader {
  public:
    enum class State : std::uint8_t { head, body, whole, broken };

    /// Takes off `bytes` what belongs to the answer, and appends what there is of its body.
    void read(std::string_view& bytes, std::string& content);
    /// No more bytes come.
    void end();

    [[nodiscard]] State state() const noexcept { return state_; }
    /// From `State::body` on.
    [[nodiscard]] int status() const noexcept { return status_; }

  private:
    void read_head(std::string_view& bytes);
    [[nodiscard]] bool parse_head(std::string_view head);

    State state_ = State::head;
    int status_ = 0;
    std::string head_;
    BodyReader body_;
    bool until_end_ = false;
};

}  // namespace ghostpeer::http
