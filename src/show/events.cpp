#include "show/events.hpp"

#include "event/writer.hpp"
#include "show/file_sink.hpp"

#include <utility>

namespace ghostpeer::show {

namespace {

/// The line of an event, with its line end; empty for one that has none.
std::string_view write_line(std::string& line, const event::Event& event) {
    line.clear();
    if (event::write_json(line, event)) {
        line += '\n';
    }
    return line;
}

class EventStream final : public FileSink {
  public:
    explicit EventStream(OutputFile file) : FileSink(std::move(file)) {}

    void record(const event::Event& event) override {
        if (const auto line = write_line(line_, event); !line.empty()) {
            output().write(line);
        }
    }
    [[nodiscard]] bool vital() const override { return true; }

  private:
    std::string line_;
};

class CalledLines final : public event::Sink {
  public:
    explicit CalledLines(std::function<void(std::string_view)> call) : call_(std::move(call)) {}

    void record(const event::Event& event) override {
        if (const auto line = write_line(line_, event); !line.empty()) {
            call_(line);
        }
    }

  private:
    std::function<void(std::string_view)> call_;
    std::string line_;
};

}  // namespace

std::unique_ptr<event::Sink> make_event_stream(OutputFile file) {
    return std::make_unique<EventStream>(std::move(file));
}

std::unique_ptr<event::Sink> make_event_lines(std::function<void(std::string_view)> write) {
    return std::make_unique<CalledLines>(std::move(write));
}

}  // namespace ghostpeer::show
