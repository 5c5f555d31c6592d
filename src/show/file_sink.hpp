// What every sink that writes one file has in common.
#pragma once

#include "event/sink.hpp"
#include "show/output_file.hpp"

#include <optional>
#include <string>
#include <utility>

namespace ghostpeer::show {

class FileSink : public event::Sink {
  public:
    explicit FileSink(OutputFile file) : file_(std::move(file)) {}

    void flush() override { file_.flush(); }
    [[nodiscard]] bool pending() const override { return file_.pending(); }
    void finish() override { file_.finish(); }
    [[nodiscard]] std::optional<std::string> lost() const override { return file_.lost(); }

  protected:
    [[nodiscard]] OutputFile& output() noexcept { return file_; }

  private:
    OutputFile file_;
};

}  // namespace ghostpeer::show
