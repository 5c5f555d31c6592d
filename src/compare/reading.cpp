#include "compare/reading.hpp"

#include "posix/message.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <cstdint>
#include <string>

namespace ghostpeer::compare {
namespace {

/// A line on a terminal while a large file is read.
class ReadingBar {
  public:
    void show(std::uint64_t position, std::uint64_t size) {
        const std::uint64_t percent = size == 0 ? 0 : 100 * position / size;
        if (!terminal_ || size < worth_it || percent == last_) {
            return;
        }
        last_ = percent;
        constexpr std::uint64_t width = 24;
        const auto filled = static_cast<std::size_t>(width * percent / 100);
        print_message(fmt::format("\r\x1b[K[{}{}] {} %", std::string(filled, '#'),
                                  std::string(width - filled, '.'), percent));
    }
    ~ReadingBar() {
        if (last_ > 0) {
            print_message("\r\x1b[K");
        }
    }
    ReadingBar() = default;
    ReadingBar(const ReadingBar&) = delete;
    ReadingBar& operator=(const ReadingBar&) = delete;

  private:
    static constexpr std::uint64_t worth_it = std::uint64_t{32} << 20U;
    bool terminal_ = isatty(STDERR_FILENO) == 1;
    std::uint64_t last_ = 0;
};

}  // namespace

std::optional<capture::Capture> read(const packets::OpenedCapture& file,
                                     capture::ReadOptions options) {
    if (!file) {
        complain(file.error());
        return std::nullopt;
    }
    ReadingBar bar;
    options.progress = [&](std::uint64_t position, std::uint64_t size) {
        bar.show(position, size);
    };
    return capture::read_capture(**file, options);
}

}  // namespace ghostpeer::compare
