#include "compare/command.hpp"

#include "compare/columns.hpp"
#include "compare/reading.hpp"
#include "compare/recorded.hpp"
#include "compare/side_by_side.hpp"
#include "event/exit_status.hpp"
#include "packets/capture_file.hpp"
#include "posix/message.hpp"

#include <fmt/format.h>

#include <sys/stat.h>
#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

namespace ghostpeer::compare {
namespace {

/// Of a file that can be read again.
[[nodiscard]] bool is_record(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) {
        return false;
    }
    return std::ifstream(path).peek() == '{';
}

/// False, and said, where there is nothing to compare.
[[nodiscard]] bool has_segments(const Column& column, const std::string& path,
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
[[nodiscard]] std::optional<Column> record_column(const std::string& path, std::uint32_t number) {
    auto column = read_record(path, number);
    if (!column) {
        complain(column.error());
        return std::nullopt;
    }
    return has_segments(*column, path, number) ? std::optional(std::move(*column)) : std::nullopt;
}

[[nodiscard]] std::optional<Column> capture_column(const std::string& path, std::uint32_t number,
                                                   bool recorded) {
    capture::ReadOptions options;
    options.keep.all = number == 0;
    options.keep.numbers.push_back(number);
    const auto capture =
        read(recorded ? open_recorded(path) : packets::open_capture(path), std::move(options));
    if (!capture) {
        return std::nullopt;
    }
    for (const std::string& note : capture->notes) {
        complain(fmt::format("{}: {}", path, note));
    }
    Column column = of_capture(*capture, number);
    column.title = path;
    return has_segments(column, path, number) ? std::optional(std::move(column)) : std::nullopt;
}

}  // namespace

int command(const std::array<std::string, 2>& files,
            const std::vector<std::uint32_t>& connections) {
    const std::array are_records{is_record(files[0]), is_record(files[1])};
    std::vector<Column> columns;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::uint32_t number =
            connections.empty() ? 0 : connections[std::min(i, connections.size() - 1)];
        auto column = are_records[0] && are_records[1]
                          ? record_column(files[i], number)
                          : capture_column(files[i], number, are_records[i]);
        if (!column) {
            return exit_cannot;
        }
        columns.push_back(std::move(*column));
    }
    if (!print_output(side_by_side(columns))) {
        return exit_cannot;
    }
    return are_alike(columns) ? exit_success : 1;
}

}  // namespace ghostpeer::compare
