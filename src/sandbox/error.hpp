#pragma once

#include <string>
#include <utility>

#include <tl/expected.hpp>

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

/// `message` consists of complete sentences.
[[nodiscard]] inline tl::unexpected<Error> failed(std::string message) {
    return tl::unexpected(Error{Error::Kind::failed, std::move(message)});
}

}  // namespace ghostpeer::sandbox
