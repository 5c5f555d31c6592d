#pragma once

#include "posix/file_descriptor.hpp"
#include "sandbox/sandbox.hpp"

namespace ghostpeer::sandbox {

/// The life of the first process in the PID namespace: configures the namespaces, starts COMMAND,
/// reaps orphans and obeys `control`. When it ends, the kernel kills whatever else is in there.
[[noreturn]] void run_helper(FileDescriptor control, Spec& spec, bool user_namespace);

}  // namespace ghostpeer::sandbox
