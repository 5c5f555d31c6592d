// A learned profile, its payloads and its report in a directory.
#pragma once

#include "learn/learn.hpp"

#include <string>

namespace ghostpeer::lesson {

/// Makes `directory` where there is none. A file that is there stays, unless `overwrite`. The error
/// is a complete sentence; empty: all was written, and `written` says what, a name in each line.
[[nodiscard]] std::string write_lesson(const learn::Lesson& lesson, const std::string& directory,
                                       bool overwrite, std::string& written);

}  // namespace ghostpeer::lesson
