// Small files, read at once: of /proc, of /etc, of a run's folder.
#pragma once

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <cerrno>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer {

/// What stands in a file, from byte `from` on. The error is an errno: also that of a read, since a
/// process may end (ESRCH) and a folder may stand there (EISDIR) once the file is open; a stream
/// without a formatted read throws then. A pipe is not waited for.
[[nodiscard]] inline tl::expected<std::string, int> whole_file(const std::string& path,
                                                               off_t from = 0) {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd || (from != 0 && ::lseek(fd.get(), from, SEEK_SET) < 0)) {
        return tl::make_unexpected(errno);
    }
    std::string text;
    char part[4096];
    while (true) {
        const ssize_t got = ::read(fd.get(), part, sizeof part);
        if (got > 0) {
            text.append(part, static_cast<std::size_t>(got));
        } else if (got == 0) {
            return text;
        } else if (errno != EINTR) {
            return tl::make_unexpected(errno);
        }
    }
}

}  // namespace ghostpeer
