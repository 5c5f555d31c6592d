// The verdict for continuous integration: JUnit's XML and TAP. One case for each expectation and
// for each rule that has to fire.
#pragma once

#include "observe/output_file.hpp"
#include "observe/sink.hpp"

#include <memory>
#include <string>

namespace ghostpeer::observe {

/// One `testsuite` for each profile. Valid XML whatever the texts hold.
[[nodiscard]] std::string to_junit(const Verdict& verdict);
/// TAP version 14 with a YAML block for each failure.
[[nodiscard]] std::string to_tap(const Verdict& verdict);

[[nodiscard]] std::unique_ptr<Sink> make_junit(OutputFile file);
[[nodiscard]] std::unique_ptr<Sink> make_tap(OutputFile file);

}  // namespace ghostpeer::observe
