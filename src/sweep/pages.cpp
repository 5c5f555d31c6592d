#include "sweep/pages.hpp"

#include "event/record_file.hpp"
#include "page/page.hpp"
#include "page/record.hpp"
#include "posix/message.hpp"

#include <filesystem>

namespace ghostpeer::sweep {
namespace {

namespace fs = std::filesystem;

/// An empty text: there is no record of the run.
[[nodiscard]] std::string page_of(const fs::path& file, const std::string& version) {
    page::Record record;
    auto lines = event::RecordFile::open(file.string());
    event::Event event;
    while (const auto line = lines ? lines->next(event) : std::nullopt) {
        switch (*line) {
            case event::Line::event: record.add(event); break;
            case event::Line::unknown: record.add_unknown(); break;
            case event::Line::blank: break;
            case event::Line::malformed: record.add_unreadable(); break;
        }
    }
    return record.events() == 0 ? std::string()
                                : page::make_page(record, file.filename().string(), version);
}

/// As a link from the page in `file`.
[[nodiscard]] std::string link_to(const fs::path& page, const std::string& file) {
    std::error_code error;
    const fs::path from = fs::absolute(file, error).parent_path();
    const fs::path link = fs::relative(page, from, error);
    return error || link.empty() ? fs::absolute(page, error).string() : link.generic_string();
}

}  // namespace

bool write_pages(const std::string& file, const Plan& plan, const Folder& folder,
                 const Results& results, const RepeatLine& repeat, const std::string& version) {
    for (const Case& one : plan.cases) {
        const std::string page = page_of(folder.file(one.number, "jsonl"), version);
        if (page.empty()) {
            continue;
        }
        if (const auto written = folder.write(folder.file(one.number, "html"), page); !written) {
            complain(written.error());
            return false;
        }
    }
    const auto link = [&](const Case& one) {
        const fs::path page = folder.file(one.number, "html");
        std::error_code error;
        return fs::exists(page, error) ? link_to(page, file) : std::string();
    };
    const std::string grid = page::make_grid(to_json(plan, results, repeat, version, link));
    if (const auto written = folder.write(file, grid); !written) {
        complain(written.error());
        return false;
    }
    return true;
}

}  // namespace ghostpeer::sweep
