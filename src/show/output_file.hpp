// The buffered writer that trace, event stream and capture share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::show {

/// How a reader that does not read is dealt with.
struct Patience {
    std::size_t backlog =
        4 * 1024 * 1024;   ///< bytes kept for a slow reader before records are lost
    int finish_ms = 1000;  ///< longest wait at the end
};

/// Writes whole records (a line, a packet) to a file, a pipe or a terminal. An error ends the
/// writing, not the run; records that did not get out are counted. SIGPIPE must be ignored by the
/// program. It never waits for a slow reader except in `finish`.
class OutputFile {
  public:
    /// Creates or empties the file at `path` (close-on-exec). `what` names its content in
    /// sentences: `trace`. The error is a complete sentence.
    [[nodiscard]] static tl::expected<OutputFile, std::string> open(const std::string& path,
                                                                    std::string what,
                                                                    Patience patience = {});
    /// Writes to a descriptor that stays the caller's (standard error). `name` is for sentences.
    /// Its file status flags are left alone: COMMAND may share them.
    [[nodiscard]] static OutputFile adopt(int fd, std::string name, std::string what,
                                          Patience patience = {});

    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&& other) = delete;
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    ~OutputFile();

    /// Queues one record, its line end included.
    void write(std::string_view record);
    /// A regular file of our own, whose content may be replaced.
    [[nodiscard]] bool rewritable() const noexcept { return regular_; }
    /// Puts one record in the place of all that was written. At no moment is the file empty.
    void replace(std::string_view record);
    void flush();
    [[nodiscard]] bool pending() const noexcept { return head_ < buffer_.size(); }
    void finish();

    [[nodiscard]] std::uint64_t records_lost() const noexcept { return lost_; }
    /// `The trace in run.log is cut short, …`; nothing where all was written. What is pending
    /// counts as written until `finish`.
    [[nodiscard]] std::optional<std::string> lost() const;

  private:
    /// How writes are kept from blocking.
    enum class Mode : std::uint8_t {
        plain,        ///< a regular file: the kernel takes everything
        nonblocking,  ///< EAGAIN tells
        polled,       ///< a blocking description that others share: ask before each small write
        socket,       ///< send() with MSG_DONTWAIT
    };

    OutputFile(int fd, bool owned, std::string name, std::string what, Patience patience);
    void choose_mode();
    void drain();
    [[nodiscard]] std::size_t next_chunk() const;
    [[nodiscard]] long write_some(const char* bytes, std::size_t n) const;
    void advance(std::size_t n);
    void drop_pending();
    void close() noexcept;

    int fd_ = -1;
    bool owned_ = false;    ///< closed with this object
    bool regular_ = false;  ///< and owned
    Mode mode_ = Mode::plain;
    int error_ = 0;  ///< the errno that ended the writing
    std::string name_;
    std::string what_;
    Patience patience_;
    std::string buffer_;
    std::size_t head_ = 0;           ///< bytes of `buffer_` that are written
    std::vector<std::size_t> ends_;  ///< where the records in `buffer_` end
    std::size_t first_ = 0;          ///< the first record that is not wholly written
    std::uint64_t lost_ = 0;
};

}  // namespace ghostpeer::show
