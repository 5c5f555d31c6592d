// `expect:`, what the program under test must be seen to do.
#pragma once

#include "ghostpeer/profile/expectation.hpp"
#include "profile/document/words.hpp"

#include <vector>

namespace ghostpeer::profile {

/// Replaces what an extended profile expects.
void read_expect(const Entry& entry, std::vector<Expectation>& expectations, Context& context);

/// `tolerance:`, a time or a percentage.
void read_tolerance(const Entry& entry, Tolerance& tolerance, Context& context);

/// Those that have no tolerance of their own get this one.
void finish_expectations(const Tolerance& tolerance, std::vector<Expectation>& expectations);

}  // namespace ghostpeer::profile
