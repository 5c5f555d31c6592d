// A copy of what COMMAND writes, for the expectations that look at it.
#pragma once

#include "loop/part.hpp"
#include "posix/file_descriptor.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::run {

/// Stands between COMMAND's standard output and error and ghostpeer's own. Where one of these is a
/// terminal COMMAND gets a terminal (a pseudo-terminal of the same settings and size), else a pipe;
/// where both are the same file it gets one for both, so that their order stays. A reader that does
/// not read holds COMMAND up, as it would without this.
class OutputTee final : public loop::Part {
  public:
    /// Call it before the sandbox is made. The error is a complete sentence.
    [[nodiscard]] static tl::expected<std::unique_ptr<OutputTee>, std::string> open();

    /// What COMMAND gets as descriptors 1 and 2; -1: what ghostpeer has.
    [[nodiscard]] std::array<int, 2> ends() const noexcept;
    /// COMMAND has them now.
    void launched() noexcept;

    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    bool attend(Instant now) override;

    /// COMMAND and all that it started are gone: hands on the rest, and waits up to a second for a
    /// slow reader.
    void finish();
    /// The last MiB of each stream.
    [[nodiscard]] std::vector<std::string> texts() const;

  private:
    struct Stream {
        int target = -1;
        FileDescriptor reader;
        FileDescriptor writer;
        std::string text;     ///< what is kept
        std::string backlog;  ///< read, and not written yet
        bool watches_reader = false;
        bool watches_target = false;
        bool over = false;
    };

    OutputTee() = default;
    [[nodiscard]] std::string add(int target);
    bool watch(int fd, std::uint32_t events, bool& watched);
    void pump(Stream& stream);
    void write_on(Stream& stream);
    [[nodiscard]] bool read_on(Stream& stream);
    void set_interest(Stream& stream);
    void close(Stream& stream);

    FileDescriptor epoll_;
    std::vector<Stream> streams_;
    std::array<std::size_t, 2> stream_of_{none, none};  ///< of standard output and error
    static constexpr std::size_t none = SIZE_MAX;
};

}  // namespace ghostpeer::run
