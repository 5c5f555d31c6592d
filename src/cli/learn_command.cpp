#include "cli/learn_command.hpp"

#include "capture/list.hpp"
#include "capture/read.hpp"
#include "compare/columns.hpp"
#include "compare/recorded.hpp"
#include "compare/side_by_side.hpp"
#include "event/exit_status.hpp"
#include "lesson/lesson.hpp"
#include "packets/capture_file.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::cli {
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

/// Nothing, and said why, where it is no capture.
[[nodiscard]] std::optional<capture::Capture> read(const packets::OpenedCapture& file,
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

/// Of a file that can be read again.
[[nodiscard]] bool is_record(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return false;
    }
    return std::ifstream(path).peek() == '{';
}

/// False, and said, where there is nothing to compare.
[[nodiscard]] bool has_segments(const compare::Column& column, const std::string& path,
                                std::uint32_t number) {
    if (column.segments.empty()) {
        complain(fmt::format(
            "{} has no segments{}. 'ghostpeer learn' lists the conversations of a "
            "capture.",
            path, number == 0 ? std::string() : fmt::format(" of conversation {}", number)));
    }
    return !column.segments.empty();
}

/// With what each segment was for, which no capture tells.
[[nodiscard]] std::optional<compare::Column> record_column(const std::string& path,
                                                           std::uint32_t number) {
    auto column = compare::read_record(path, number);
    if (!column) {
        complain(column.error());
        return std::nullopt;
    }
    return has_segments(*column, path, number) ? std::optional(std::move(*column)) : std::nullopt;
}

[[nodiscard]] std::optional<compare::Column> capture_column(const std::string& path,
                                                            std::uint32_t number, bool recorded) {
    capture::ReadOptions options;
    options.keep.all = number == 0;
    options.keep.numbers.push_back(number);
    const auto capture = read(recorded ? compare::open_recorded(path) : packets::open_capture(path),
                              std::move(options));
    if (!capture) {
        return std::nullopt;
    }
    for (const std::string& note : capture->notes) {
        complain(path + ": " + note);
    }
    compare::Column column = compare::of_capture(*capture, number);
    column.title = path;
    return has_segments(column, path, number) ? std::optional(std::move(column)) : std::nullopt;
}

}  // namespace

int learn_command(const LearnRequest& request) {
    capture::ReadOptions options;
    options.from = request.from;
    options.only = request.peer;
    if (request.output) {
        options.keep.numbers = request.connections;
        if (request.connections.empty()) {
            options.keep.peer = request.peer;
        }
    }
    const auto capture = read(packets::open_capture(request.file), std::move(options));
    if (!capture) {
        return exit_cannot;
    }
    if (request.output) {
        for (const std::string& note : capture->notes) {
            complain(note);
        }
        const auto peer = request.program_is_server ? capture::Side::client : capture::Side::server;
        return lesson::give(*capture, {request.connections,
                                       {peer, request.strict, request.redact, request.file},
                                       *request.output,
                                       request.overwrite});
    }
    const bool written = print_output(capture::list_text(*capture, request.file));
    for (const std::string& note : capture->notes) {
        complain(note);
    }
    return written && !capture->conversations.empty() ? exit_success : exit_cannot;
}

int compare_command(const CompareRequest& request) {
    const std::array are_records{is_record(request.files[0]), is_record(request.files[1])};
    std::vector<compare::Column> columns;
    for (std::size_t i = 0; i < request.files.size(); ++i) {
        const auto& numbers = request.connections;
        const std::uint32_t number = numbers.empty() ? 0 : numbers[std::min(i, numbers.size() - 1)];
        auto column = are_records[0] && are_records[1]
                          ? record_column(request.files[i], number)
                          : capture_column(request.files[i], number, are_records[i]);
        if (!column) {
            return exit_cannot;
        }
        columns.push_back(std::move(*column));
    }
    if (!print_output(compare::side_by_side(columns))) {
        return exit_cannot;
    }
    return compare::are_alike(columns) ? exit_success : 1;
}

}  // namespace ghostpeer::cli
