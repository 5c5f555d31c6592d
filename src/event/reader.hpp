// Reads a record (include/ghostpeer/event-stream.md) back: a line of JSON becomes the event that it
// was made of. It is strict about what it knows, and passes over fields and events that it does
// not, as the record's promise demands: only ever are they added.
#pragma once

#include "event/json_tree.hpp"
#include "event/reading.hpp"
#include "ghostpeer/event/event.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ghostpeer::event {

/// What a line was.
enum class Line : std::uint8_t {
    event,
    unknown,   ///< an event that this version does not know
    blank,     ///< nothing, or spaces
    malformed  ///< see `Reader::problem`
};

/// What is not in the record is what it is by itself: of a payload's bytes, 0 beyond the first.
/// Texts that events view (`Rule::action`, `Notice::what`, …) live as long as the reader, which is
/// not moved. Its memory is bounded by the longest line.
class Reader {
  public:
    static constexpr std::size_t longest_line = std::size_t{16} << 20U;

    Reader() = default;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// The next line of the record, with or without its end. `event` is only good for
    /// `Line::event`.
    [[nodiscard]] Line read(std::string_view line, Event& event);
    /// The next one was longer than `longest_line`, and is passed over.
    Line pass_long_line();

    /// Of the line that was read last, from 1.
    [[nodiscard]] std::uint64_t line_number() const noexcept { return line_number_; }
    /// Why it is malformed: `line 17: fate is "odd", which is none of accepted, sent, …`.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

  private:
    [[nodiscard]] Line malformed(std::string_view field, std::string_view problem);

    JsonTree tree_;
    SharedTexts texts_;
    std::uint64_t line_number_ = 0;
    std::string problem_;
};

}  // namespace ghostpeer::event
