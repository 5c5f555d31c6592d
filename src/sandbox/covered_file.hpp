// Private contents over a file of the system, for the calling process's mount namespace alone.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace ghostpeer::sandbox {

/// Which step failed, and its errno.
struct CoverFailure {
    enum class Step : unsigned char {
        mount_temporary,  ///< a temporary file system for the new contents
        put_in_place,
    };
    Step step = Step::mount_temporary;
    int error = 0;
};

/// Puts a file with this text over `path`, which must exist; links are followed. Nothing is
/// written to a disk.
[[nodiscard]] tl::expected<void, CoverFailure> cover_file(const std::string& path,
                                                          std::string_view text);

}  // namespace ghostpeer::sandbox
