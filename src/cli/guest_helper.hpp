// A process of a sweep that does its runs in virtual time, one after another, in one guest.
#pragma once

#include "sandbox/inheritance.hpp"

namespace ghostpeer::cli {

/// Until no more steps come through `channel` (sweep/helpers.hpp), or a signal says to end.
void do_guest_runs(int channel, const sandbox::Inheritance& inheritance);

}  // namespace ghostpeer::cli
