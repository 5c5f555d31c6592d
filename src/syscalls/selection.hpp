// Which calls a run shows.
#pragma once

#include "ghostpeer/event/call.hpp"

#include <string>
#include <string_view>

namespace ghostpeer::syscalls {

using event::Call;

class Selection {
  public:
    /// `network`, `all`, or what strace takes behind `-e trace=`.
    explicit Selection(std::string_view set);

    /// What strace is asked for: more than is shown, where only the call's own arguments tell.
    [[nodiscard]] const std::string& trace() const noexcept { return trace_; }
    [[nodiscard]] bool shows(const Call& call) const;
    /// Is execve() among what strace is asked for?
    [[nodiscard]] bool traces_execve() const noexcept { return traces_execve_; }

  private:
    std::string trace_;
    bool sockets_only_ = false;  ///< of calls that are made of files, too
    bool traces_execve_ = true;
    bool hides_execve_ = false;    ///< it only tells where COMMAND begins
    bool hides_children_ = false;  ///< those that make processes and threads, which tell their kin
};

}  // namespace ghostpeer::syscalls
