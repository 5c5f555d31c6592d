// From what strace writes to calls; reads no clock and does no input of its own.
//
//     7  1795876970.995768166 recvfrom(4<TCP:[…]>, 0x7ff1930c9af0, 5, 0, NULL, NULL) = -1
//     ECONNRESET
//                             (Connection reset by peer) <0.000091945>
//     8  1795876970.775431450 accept4(3<TCP:[127.0.0.1:52689]>,  <unfinished ...>
//     8  1795876970.789068692 <... accept4 resumed>{…}, [16], SOCK_CLOEXEC) = 5<TCP:[…]> <0.013578>
//     8  1795876971.000000000 +++ exited with 0 +++
#pragma once

#include "ghostpeer/event/call.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ghostpeer::syscalls {

using event::Call;

/// Of `strace -f -yy --absolute-timestamps=format:unix,precision:ns --syscall-times=ns`. A
/// call's `began` is the time since 1970-01-01 UTC. What it keeps is bounded, whatever it reads.
class Parser {
  public:
    /// Takes a piece of the output; adds the calls that have come to an end in it.
    void feed(std::string_view bytes, std::vector<Call>& calls);
    /// There is no more, since `now`: adds the calls that have not returned.
    void finish(Duration now, std::vector<Call>& calls);

    /// No call is under way.
    [[nodiscard]] bool idle() const noexcept { return pending_.empty() && line_.empty(); }
    /// Lines that were none of the above, and what there was no room for.
    [[nodiscard]] std::size_t unreadable() const noexcept { return unreadable_; }

  private:
    struct Pending {
        std::string name;
        std::string text;  ///< behind the `(`
        Duration began{};
    };

    void take_line(std::string_view line, std::vector<Call>& calls);
    void begin_call(int thread, Duration at, std::string_view text, std::vector<Call>& calls);
    void resume_call(int thread, Duration at, std::string_view text, std::vector<Call>& calls);
    void end_call(int thread, Duration at, Pending pending, std::vector<Call>& calls);
    void keep(int thread, Pending call);
    void tell_interrupted(int thread, std::vector<Call>& calls);
    void end_thread(int thread, Duration at, std::vector<Call>& calls);
    void tell_unreturned(int thread, const Pending& pending, Duration at, std::vector<Call>& calls);
    [[nodiscard]] int process_of(int thread);
    void note_child(const Call& call);

    std::string line_;  ///< the beginning of one
    bool overlong_ = false;
    std::unordered_map<int, Pending> pending_;  ///< by thread
    /// By thread: a signal has come, and whether the thread goes on is not known yet.
    std::unordered_map<int, Call> interrupted_;
    std::unordered_map<int, int> process_of_;  ///< by thread
    std::size_t unreadable_ = 0;
};

}  // namespace ghostpeer::syscalls
