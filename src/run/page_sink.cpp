#include "run/page_sink.hpp"

#include "page/page.hpp"
#include "setup/version.hpp"
#include "show/events.hpp"
#include "show/file_sink.hpp"

#include <string_view>
#include <utility>
#include <variant>

namespace ghostpeer::run {
namespace {

class PageSink final : public show::FileSink {
  public:
    PageSink(show::OutputFile file, std::string name)
        : FileSink(std::move(file)),
          name_(std::move(name)),
          lines_(show::make_event_lines([this](std::string_view line) { record_.add(line); })) {}

    void record(const event::Event& event) override {
        lines_->record(event);
        if (std::holds_alternative<std::shared_ptr<const event::Verdict>>(event.what)) {
            output().write(page::make_page(record_, name_, version));
        }
    }

  private:
    std::string name_;
    page::Record record_;
    std::unique_ptr<event::Sink> lines_;
};

}  // namespace

tl::expected<std::unique_ptr<event::Sink>, std::string> open_page_sink(const std::string& path) {
    auto file = show::OutputFile::open(path, "page", patience_with_page);
    if (!file) {
        return tl::make_unexpected(file.error());
    }
    return std::make_unique<PageSink>(std::move(*file), path);
}

}  // namespace ghostpeer::run
