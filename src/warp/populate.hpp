// Memory of a process in the guest.
#pragma once

namespace ghostpeer::warp {

/// Has all memory of the calling process mapped at once. After fork() each page is missing on the
/// host until it is touched, and a page fault of the guest costs as much as mapping 25 pages.
/// Needs /proc; without it the pages come one by one.
void populate_memory();

}  // namespace ghostpeer::warp
