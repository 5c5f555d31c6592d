// What a stage and the process that began it say to each other.
#pragma once

#include "posix/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::servers {

struct StageMessage {
    enum class Type : std::uint32_t {
        proceed,  ///< to the stage: the user namespace has its maps
        start,    ///< to it: the command of `index`, with `text` in its environment, a line each
        signal,   ///< to it: send `value` to the processes of `token`; SIGKILL: and forget them
        open,     ///< to it: a TCP socket of its network, of the family `value`
        stop,     ///< to it: end everything, and yourself
        ready,    ///< from it: the server of `index` listens on the port `value`; `token`: on IPv6
        begun,    ///< from it: all servers are ready
        failed,   ///< from it: nothing begins; `text` says why
        started,  ///< from it: the answer to `start`: 0 and two descriptors, or an errno in `value`
        ended,    ///< from it: the process of `token` has ended; `value` is its wait status
        opened,   ///< from it: the answer to `open`: a descriptor, or an errno in `value`
        server_ended,  ///< from it: the server of `index` has ended; `text` is its last output
    };

    Type type{};
    std::uint64_t token = 0;
    std::int32_t value = 0;
    std::uint32_t index = 0;
    std::string text{};
    std::vector<FileDescriptor> descriptors{};
};

/// Both ends of a connection that keeps message boundaries; errno on failure in `error`.
[[nodiscard]] std::optional<std::pair<FileDescriptor, FileDescriptor>> open_stage_channel(
    int& error);

/// At most 30,000 bytes of `text` go along. False: the other end is gone.
bool send_stage_message(const FileDescriptor& channel, const StageMessage& message);

enum class Heard : std::uint8_t { message, nothing_yet, closed };

/// Waits for one unless `wait` is false. What makes no sense counts as closed.
[[nodiscard]] Heard receive_stage_message(const FileDescriptor& channel, StageMessage& message,
                                          bool wait);

}  // namespace ghostpeer::servers
