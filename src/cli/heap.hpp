// How the process deals with its memory.
#pragma once

namespace ghostpeer::cli {

/// Buffers that come and go with each burst stay with the process. Given back to the kernel and
/// asked for again they cost a page fault for each page and, with a second thread, an interrupt on
/// every processor: half the time of a bulk transfer (`tools/bench bulk`). The first of it is taken
/// in one piece (`tools/bench start`).
void prepare_heap() noexcept;

}  // namespace ghostpeer::cli
