#include "cli/report_command.hpp"

#include "event/exit_status.hpp"
#include "event/record_file.hpp"
#include "event/text.hpp"
#include "page/page.hpp"
#include "posix/message.hpp"
#include "run/page_sink.hpp"
#include "setup/version.hpp"
#include "show/output_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace ghostpeer::cli {
namespace {

/// What was found of a record, beside its events.
struct Found {
    std::string failure;        ///< why it could not be read, a sentence; empty: it was, to its end
    std::string first_problem;  ///< of a line that is no event
};

[[nodiscard]] Found read_record(const std::string& path, page::Record& record) {
    auto file = event::RecordFile::open(path);
    if (!file) {
        return {file.error(), {}};
    }
    Found found;
    event::Event event;
    while (const auto line = file->next(event)) {
        switch (*line) {
            case event::Line::event: record.add(event); break;
            case event::Line::unknown: record.add_unknown(); break;
            case event::Line::blank: break;
            case event::Line::malformed:
                record.add_unreadable();
                if (found.first_problem.empty()) {
                    found.first_problem = file->reader().problem();
                }
                break;
        }
    }
    found.failure = file->failure();
    if (found.failure.empty() && record.events() == 0) {
        found.failure = fmt::format(
            "{} is no event stream: no line of it is an event. `ghostpeer run --events FILE` "
            "writes one.",
            path);
    }
    return found;
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
    const Found found = read_record(request.record, record);
    if (!found.failure.empty()) {
        complain(found.failure);
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
        told += fmt::format("; {} could not be read, the first: {}",
                            event::count(record.unreadable(), "line"),
                            event::printable(found.first_problem));
    }
    complain(told + ".");
    return exit_success;
}

}  // namespace ghostpeer::cli
