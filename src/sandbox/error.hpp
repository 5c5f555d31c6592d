#pragma once

#include <string>

namespace ghostpeer::sandbox {

struct Error {
    enum class Kind {
        not_permitted,   ///< The system forbids the namespaces or a step inside them.
        not_found,       ///< COMMAND is not there: exit status 127.
        not_executable,  ///< COMMAND is there and cannot be run: exit status 126.
        failed,          ///< Anything else.
    };

    Kind kind = Kind::failed;
    /// Complete sentences: what happened, why, and the way out.
    std::string message;
};

}  // namespace ghostpeer::sandbox
