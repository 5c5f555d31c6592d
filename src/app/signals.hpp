// Signals as something to read.
#pragma once

#include <cstdint>
#include <optional>

namespace ghostpeer::app {

struct ReceivedSignal {
    int number = 0;
    /// It came from the terminal (Ctrl-C), so the whole foreground process group has it already.
    bool from_terminal = false;
};

/// Blocks the signals that end or concern a run, and reads them from a descriptor. SIGPIPE is
/// ignored.
class SignalReader {
  public:
    SignalReader();
    ~SignalReader();
    SignalReader(const SignalReader&) = delete;
    SignalReader& operator=(const SignalReader&) = delete;

    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] std::optional<ReceivedSignal> next();

  private:
    int fd_ = -1;
};

}  // namespace ghostpeer::app
