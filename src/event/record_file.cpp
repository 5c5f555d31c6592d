#include "event/record_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace ghostpeer::event {
namespace {

constexpr std::size_t chunk_size = std::size_t{1} << 16U;

}  // namespace

RecordFile::RecordFile(std::string path, OpenFile file)
    : path_(std::move(path)),
      file_(std::move(file)),
      reader_(std::make_unique<Reader>()),
      chunk_(chunk_size) {}

tl::expected<RecordFile, std::string> RecordFile::open(const std::string& path) {
    auto file = path == "-" ? standard_input_to_read() : open_to_read(path.c_str(), false);
    if (!file) {
        return tl::make_unexpected(fmt::format("{} could not be read: {}.", path, file.error()));
    }
    return RecordFile(path, std::move(*file));
}

bool RecordFile::fill() {
    begin_ = 0;
    end_ = std::fread(chunk_.data(), 1, chunk_.size(), file_.get());
    if (end_ == 0 && std::ferror(file_.get()) != 0) {
        failure_ =
            fmt::format("{} could not be read: {}.", path_, std::generic_category().message(errno));
    }
    return end_ > 0;
}

std::optional<Line> RecordFile::next(Event& event) {
    line_.clear();
    bool too_long = false;
    while (begin_ < end_ || fill()) {
        const std::string_view rest(chunk_.data() + begin_, end_ - begin_);
        const auto size = rest.find('\n');
        const bool ends = size != std::string_view::npos;
        const std::string_view part = rest.substr(0, size);
        begin_ += part.size() + (ends ? 1 : 0);
        if (ends && line_.empty() && !too_long) {
            return reader_->read(part, event);
        }
        too_long = too_long || line_.size() + part.size() > Reader::longest_line;
        if (too_long) {
            line_.clear();
        } else {
            line_ += part;
        }
        if (ends) {
            return too_long ? reader_->pass_long_line() : reader_->read(line_, event);
        }
    }
    if (too_long) {
        return reader_->pass_long_line();
    }
    return line_.empty() || !failure_.empty() ? std::nullopt
                                              : std::optional(reader_->read(line_, event));
}

}  // namespace ghostpeer::event
