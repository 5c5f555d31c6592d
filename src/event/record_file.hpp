// A record in a file, event by event, however large it is.
#pragma once

#include "event/reader.hpp"
#include "posix/readable_file.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::event {

class RecordFile {
  public:
    /// `-` is standard input. The error is a complete sentence.
    [[nodiscard]] static tl::expected<RecordFile, std::string> open(const std::string& path);

    /// What the next line is; nothing at the end, or where it cannot be read on.
    [[nodiscard]] std::optional<Line> next(Event& event);

    /// The reader of its lines: their numbers, and what is wrong with them.
    [[nodiscard]] const Reader& reader() const noexcept { return *reader_; }
    /// Why it could not be read to its end, a complete sentence; empty: it was.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

  private:
    RecordFile(std::string path, OpenFile file);
    [[nodiscard]] bool fill();

    std::string path_;
    OpenFile file_;
    std::unique_ptr<Reader> reader_;
    std::vector<char> chunk_;
    std::size_t begin_ = 0;  ///< of what is not used of the chunk
    std::size_t end_ = 0;
    std::string line_;  ///< one that began in an earlier chunk
    std::string failure_;
};

}  // namespace ghostpeer::event
