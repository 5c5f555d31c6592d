// The body of a message, of whatever form (RFC 9112, sections 6 and 7), out of bytes as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::http {

class BodyReader {
  public:
    enum class Form : std::uint8_t { none, length, chunked, until_end };
    enum class State : std::uint8_t { more, whole, broken, too_large };

    BodyReader() = default;
    /// `most`: so many bytes in all are taken.
    BodyReader(Form form, std::uint64_t length, std::uint64_t most)
        : form_(form), left_(length), room_(most) {}

    /// Takes off `bytes` what is the body's, and appends its content.
    State read(std::string_view& bytes, std::string& content);

  private:
    enum class Part : std::uint8_t { size, data, data_end, trailer, over };

    State read_chunked(std::string_view& bytes, std::string& content);
    /// Moves at most `left_` bytes.
    bool take(std::string_view& bytes, std::string& content);
    /// Takes a line's bytes; true when `line_` is whole, without its end.
    bool take_line(std::string_view& bytes);
    State begin_chunk();

    Form form_ = Form::none;
    Part part_ = Part::size;
    std::uint64_t left_ = 0;  ///< of the body or, in chunks, of this one
    std::uint64_t room_ = 0;
    std::string line_;
    std::size_t trailer_bytes_ = 0;
    bool line_broken_ = false;
};

}  // namespace ghostpeer::http
