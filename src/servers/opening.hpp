// The servers of a stage: started one after the other, and followed to their ends.
#pragma once

#include "posix/file_descriptor.hpp"
#include "sandbox/error.hpp"
#include "servers/stage.hpp"

#include <poll.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::servers {

/// What a stage calls itself (PR_SET_NAME).
inline constexpr const char* stage_name = "ghostpeer-stage";

/// An empty file system in memory for the servers' folders, which goes with the stage. It takes the
/// place of what others have in /dev/shm.
[[nodiscard]] tl::expected<void, sandbox::Error> make_room(bool private_mounts);

class Opening {
  public:
    Opening(const FileDescriptor& channel, const Cast& cast) : channel_(channel), cast_(cast) {}

    /// Tells of each server that is ready. The error says which is not, and what it has printed.
    [[nodiscard]] tl::expected<void, sandbox::Error> open(const FileDescriptor& children);
    /// Adds what the servers print to.
    void watch(std::vector<pollfd>& ready) const;
    void read_outputs();
    /// A child of this process has ended.
    void ended(pid_t pid, int status);

  private:
    struct Running {
        std::size_t index = 0;
        pid_t pid = 0;
        FileDescriptor output;
        std::string tail;  ///< the last of what it has printed
        bool said_ready = false;
        std::uint16_t port = 0;  ///< of one that is ready
        std::optional<int> status;
    };

    [[nodiscard]] tl::expected<void, sandbox::Error> start(std::size_t index);
    [[nodiscard]] tl::expected<void, sandbox::Error> await(const FileDescriptor& children);
    void read_output(Running& one);

    const FileDescriptor& channel_;
    const Cast& cast_;
    std::vector<Running> running_;
    std::set<std::uint16_t> taken_;  ///< ports of servers that are ready
    bool open_ = false;              ///< all are ready: ends are told
};

}  // namespace ghostpeer::servers
