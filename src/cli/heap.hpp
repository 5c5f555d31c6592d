// How the process deals with the memory that it frees.
#pragma once

namespace ghostpeer::cli {

/// Buffers that come and go with each burst stay with the process. Given back to the kernel and
/// asked for again they cost a page fault for each page and, with a second thread, an interrupt on
/// every processor: half the time of a bulk transfer (`tools/bench bulk`).
void keep_freed_memory() noexcept;

}  // namespace ghostpeer::cli
