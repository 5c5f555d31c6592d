// Files to read, of which somebody else may have made something else.
#pragma once

#include "posix/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>

#include <tl/expected.hpp>

namespace ghostpeer {

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

/// A descriptor as a file; none carries the error of what opened it. The error is a reason: the end
/// of a sentence.
[[nodiscard]] inline tl::expected<OpenFile, std::string> open_to_read(FileDescriptor fd,
                                                                      bool only_regular) {
    const auto reason = [] { return tl::make_unexpected(std::generic_category().message(errno)); };
    struct stat found {};
    if (!fd || ::fstat(fd.get(), &found) != 0) {
        return reason();
    }
    if (S_ISDIR(found.st_mode)) {
        return tl::make_unexpected(std::string("it is a directory"));
    }
    if (only_regular && !S_ISREG(found.st_mode)) {
        return tl::make_unexpected(std::string("it is not a regular file"));
    }
    OpenFile file(::fdopen(fd.get(), "rb"));
    if (!file) {
        return reason();
    }
    static_cast<void>(fd.release());
    return file;
}

/// `only_regular`: nothing else is opened, so nothing is waited for. What stands at a path may
/// become a pipe at any moment, therefore it is looked at once it is open. Else a pipe is waited
/// for until it has a writer. The error is a reason: the end of a sentence.
[[nodiscard]] inline tl::expected<OpenFile, std::string> open_to_read(const char* path,
                                                                      bool only_regular) {
    return open_to_read(FileDescriptor(::open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
                                                        (only_regular ? O_NONBLOCK : 0))),
                        only_regular);
}

/// Standard input, which may belong to somebody else: opened by its path it could be refused.
[[nodiscard]] inline tl::expected<OpenFile, std::string> standard_input_to_read() {
    return open_to_read(FileDescriptor(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)), false);
}

}  // namespace ghostpeer
