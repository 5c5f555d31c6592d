#include "run/page_sink.hpp"

#include "page/page.hpp"
#include "setup/version.hpp"
#include "show/file_sink.hpp"

#include <string>
#include <utility>
#include <variant>

namespace ghostpeer::run {
namespace {

class PageSink final : public show::FileSink {
  public:
    PageSink(show::OutputFile file, std::string name)
        : FileSink(std::move(file)), name_(std::move(name)) {}

    void record(const event::Event& event) override {
        record_.add(event);
        if (std::holds_alternative<std::shared_ptr<const event::Verdict>>(event.what)) {
            output().write(page::make_page(record_, name_, version));
        }
    }

  private:
    std::string name_;
    page::Record record_;
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
