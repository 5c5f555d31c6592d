// Signals as something to read.
#pragma once

#include "posix/file_descriptor.hpp"

#include <cstdint>
#include <optional>

namespace ghostpeer::loop {

struct ReceivedSignal {
    int number = 0;
    /// It came from the terminal (Ctrl-C), so the whole foreground process group has it already.
    bool from_terminal = false;
    /// SIGTERM of the guest's init: the run has had the real time that it may take.
    bool out_of_time = false;
};

/// Catches the signals that end or concern a run, and tells of them through a descriptor. Whoever
/// does not read it is ended all the same: from SIGTERM, and from the third Ctrl-C, the last resort
/// counts. SIGPIPE is ignored. One at a time.
class SignalReader {
  public:
    SignalReader();
    ~SignalReader();
    SignalReader(const SignalReader&) = delete;
    SignalReader& operator=(const SignalReader&) = delete;

    /// -1 where the kernel gave none (no more descriptors).
    [[nodiscard]] int fd() const noexcept { return ready_.get(); }
    [[nodiscard]] std::optional<ReceivedSignal> next();

  private:
    FileDescriptor ready_;
};

}  // namespace ghostpeer::loop
