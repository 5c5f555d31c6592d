// The inside of a stage: the first process of its PID namespace.
#pragma once

#include "posix/file_descriptor.hpp"
#include "servers/stage.hpp"

namespace ghostpeer::servers {

/// Starts the servers, then obeys `channel`. When it ends, the kernel kills whatever else is in
/// there.
[[noreturn]] void run_stage(FileDescriptor channel, const Cast& cast, bool user_namespace);

}  // namespace ghostpeer::servers
