#include "cli/report_command.hpp"

#include "event/exit_status.hpp"
#include "page/page.hpp"
#include "posix/message.hpp"
#include "posix/readable_file.hpp"
#include "run/page_sink.hpp"
#include "setup/version.hpp"
#include "show/output_file.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace ghostpeer::cli {
namespace {

constexpr std::size_t longest_line = 16 * 1024 * 1024;
/// Why it could not be read; empty: it was, to its end.
[[nodiscard]] std::string read_record(const std::string& path, page::Record& record) {
    const auto unread = [&](const std::string& reason) {
        return fmt::format("{} could not be read: {}.", path, reason);
    };
    const auto opened = open_to_read(path.c_str(), false);
    if (!opened) {
        return unread(opened.error());
    }
    std::FILE* const file = opened->get();
    std::array<char, 1 << 16> chunk{};
    std::string line;
    bool too_long = false;
    const auto end_line = [&] {
        too_long ? record.add_unreadable() : record.add(line);
        line.clear();
        too_long = false;
    };
    for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), file)) > 0;) {
        std::string_view rest(chunk.data(), n);
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            line += too_long ? std::string_view() : rest.substr(0, end);
            if (line.size() > longest_line) {
                too_long = true;
                line.clear();
            }
            if (end == std::string_view::npos) {
                break;
            }
            end_line();
            rest.remove_prefix(end + 1);
        }
    }
    if (std::ferror(file) != 0) {
        return unread(std::strerror(errno));
    }
    end_line();
    if (record.events() == 0) {
        return fmt::format(
            "{} is no event stream: no line of it is an event. `ghostpeer run --events FILE` "
            "writes one.",
            path);
    }
    return {};
}

[[nodiscard]] std::string page_beside(const std::string& record) {
    constexpr std::string_view ending = ".jsonl";
    return (record.ends_with(ending) ? record.substr(0, record.size() - ending.size()) : record) +
           ".html";
}

[[nodiscard]] bool are_the_same(const std::string& one, const std::string& other) {
    std::error_code ignored;
    return one == other || std::filesystem::equivalent(one, other, ignored);
}

}  // namespace

int report_command(const ReportRequest& request) {
    page::Record record;
    const std::string path = request.page.empty() ? page_beside(request.record) : request.page;
    if (are_the_same(path, request.record)) {
        complain(fmt::format("The page would take the place of {}, the record; name another file.",
                             request.record));
        return exit_cannot;
    }
    if (const std::string problem = read_record(request.record, record); !problem.empty()) {
        complain(problem);
        return exit_cannot;
    }
    auto file = show::OutputFile::open(path, "page", run::patience_with_page);
    if (!file) {
        complain(file.error());
        return exit_cannot;
    }
    file->write(page::make_page(record, request.record, version));
    file->finish();
    if (const auto lost = file->lost()) {
        complain(*lost);
        return exit_cannot;
    }
    std::string told = fmt::format("{}: {} events", path, record.events());
    if (record.left_out() > 0) {
        told += fmt::format(", of which {} are not drawn", record.left_out());
    }
    if (record.unreadable() > 0) {
        told += fmt::format("; {} lines could not be read", record.unreadable());
    }
    complain(told + ".");
    return exit_success;
}

}  // namespace ghostpeer::cli
