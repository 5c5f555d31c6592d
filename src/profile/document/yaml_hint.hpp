// What a YAML library's terse complaint most likely means in a profile.
#pragma once

#include "profile/document/source.hpp"

#include <string>
#include <string_view>

namespace ghostpeer::profile {

struct SyntaxProblem {
    Mark mark;
    std::string message;
};

[[nodiscard]] SyntaxProblem explain_syntax_error(const SourceText& source, Mark mark,
                                                 std::string_view complaint);

}  // namespace ghostpeer::profile
