#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "posix/file_descriptor.hpp"

namespace ghostpeer::sandbox {

/// What ghostpeer and its helper inside the namespaces say to each other.
struct Message {
    enum class Type : std::uint32_t {
        proceed,   ///< To the helper: the user namespace has its maps.
        ready,     ///< From it: configured; descriptors are `value` ones of the link and, if any,
                   ///< both diags, and netstat after them.
        failed,    ///< From it: `value` is the Error::Kind, `text` its message.
        launch,    ///< To it: execute COMMAND.
        launched,  ///< From it: `value` is the errno of execve(), 0 if COMMAND runs; `remark` says
                   ///< which files it shares with the machine. The descriptor, if any, is the
                   ///< door's.
        exited,    ///< From it: `value` is COMMAND's wait status.
        signal,    ///< To it: send `value` to COMMAND.
        signal_all,  ///< To it: send `value` to every process.
        interface,   ///< To it: the program's interface has to be as `value` says; the descriptor
                     ///< is for the answer.
        interface_set,  ///< From it: `text` says why not; empty: it is.
    };

    Type type{};
    std::int32_t value = 0;
    bool ethernet = false;
    std::array<std::uint8_t, 6> mac{};
    std::string text;
    std::string remark;
    std::vector<FileDescriptor> descriptors;
    bool cut = false;  ///< This process may not open as many descriptors as came.
};

enum class NoMessage { closed, nothing_yet, failed };  // `failed`: errno says why

/// Both ends of a close-on-exec connection that keeps message boundaries; errno on failure.
[[nodiscard]] tl::expected<std::pair<FileDescriptor, FileDescriptor>, int> open_channel();

/// False, with errno, if the other end is gone, or where it cannot be sent. Waits a moment for
/// memory.
bool send_message(const FileDescriptor& channel, const Message& message);

/// Waits for a message unless `wait` is false. A message that makes no sense counts as closed.
[[nodiscard]] tl::expected<Message, NoMessage> receive_message(const FileDescriptor& channel,
                                                               bool wait = true);

}  // namespace ghostpeer::sandbox
