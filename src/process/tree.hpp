// Which processes there are, from /proc.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::process {

/// Every process below `ancestor`, nearest first. As their number may be large and each costs a
/// file, not for every packet.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t ancestor);
/// Those whose parent it is, a process with one thread.
[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);
/// Who traces it (ptrace(2)); 0: nobody, or it is not known.
[[nodiscard]] pid_t tracer_of(pid_t process);
/// Its program's name, 15 bytes at most, as it likes to call itself; nothing where it has ended.
[[nodiscard]] std::optional<std::string> name_of_living(pid_t process);

}  // namespace ghostpeer::process
