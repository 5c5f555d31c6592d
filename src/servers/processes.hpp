// `exec`: a process for each connection, from its start to its end.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/peer/upstream.hpp"
#include "posix/file_descriptor.hpp"
#include "servers/stage.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ghostpeer::servers {

class Processes {
  public:
    /// `commands`: those of the stage's cast, in its order.
    Processes(const Stage& stage, std::vector<std::vector<std::string>> commands);

    /// Readable when there is something to do; -1 where the kernel gave no epoll instance.
    [[nodiscard]] int fd() const noexcept { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;

    /// False: there are as many as may be, and the connection is refused.
    [[nodiscard]] bool start(const peer::UpstreamId& id, const peer::UpstreamConnect& what,
                             Instant now);
    /// The connection is over. The processes get a SIGTERM, at once or, where both sides have
    /// finished in order, after a second; and a second later SIGKILL.
    void end(event::ConnectionId connection, bool at_once, Instant now);
    void attend(Instant now);

    /// The answer to `start`.
    struct Started {
        event::ConnectionId connection = 0;
        FileDescriptor stream;  ///< non-blocking; empty: it could not be started
    };
    [[nodiscard]] std::vector<Started> take_started();
    /// What the record should have of them.
    [[nodiscard]] std::vector<event::Event> take_events();
    /// Has the stream of a process ended in order, and not the process yet?
    [[nodiscard]] bool awaits_end() const noexcept;

  private:
    struct Process {
        std::uint32_t attempt = 0;
        std::size_t command = 0;
        FileDescriptor errors;
        std::string line;       ///< of what it prints there, the part that has no end yet
        std::size_t lines = 0;  ///< that were told
        bool gone = false;
        bool asked_to_end = false;
        std::optional<Instant> term_at;
        std::optional<Instant> kill_at;
    };
    using ById = std::map<event::ConnectionId, Process>;

    void lose_stage(Instant now);
    void hear(StageMessage& news, Instant now);
    void started(event::ConnectionId connection, Process& process, StageMessage& news, Instant now);
    void ended(event::ConnectionId connection, Process& process, int status, Instant now);
    void ask_to_end(event::ConnectionId connection, Process& process, Instant now);
    void read_errors(event::ConnectionId connection, Process& process, Instant now);
    void tell_line(event::ConnectionId connection, Process& process, Instant now);
    void tell(event::ConnectionId connection, const Process& process, std::string_view what,
              std::string text, Instant now);
    void tell_once(std::string text, Instant now);
    [[nodiscard]] std::string name(const Process& process) const;
    void watch(int fd, std::uint64_t key);

    const Stage& stage_;
    std::vector<std::vector<std::string>> commands_;
    FileDescriptor epoll_;
    ById processes_;
    std::vector<Started> started_;
    std::vector<event::Event> events_;
    std::set<std::string> told_;
};

}  // namespace ghostpeer::servers
