#include "lesson/lesson_files.hpp"

#include "posix/file_descriptor.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <vector>

namespace ghostpeer::lesson {
namespace {

struct File {
    std::string name;
    std::string_view content;
};

std::string reason() { return std::generic_category().message(errno); }

std::string write_all(const FileDescriptor& fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t wrote = ::write(fd.get(), content.data(), content.size());
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return reason();
        }
        content.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

/// Under another name first, so that nobody ever sees half of it. What stands there is replaced,
/// never written through: a link may lead out of the directory.
std::string write_file(const FileDescriptor& folder, const File& file, bool overwrite) {
    const std::string part = fmt::format(".{}.part", file.name);
    constexpr mode_t mode = 0644;
    static_cast<void>(::unlinkat(folder.get(), part.c_str(), 0));
    const FileDescriptor fd(::openat(folder.get(), part.c_str(),
                                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd) {
        return reason();
    }
    std::string problem = write_all(fd, file.content);
    if (problem.empty() && overwrite) {
        if (::renameat(folder.get(), part.c_str(), folder.get(), file.name.c_str()) != 0) {
            problem = reason();
        }
    } else if (problem.empty() &&
               ::linkat(folder.get(), part.c_str(), folder.get(), file.name.c_str(), 0) != 0) {
        problem = reason();
    }
    if (!overwrite || !problem.empty()) {
        static_cast<void>(::unlinkat(folder.get(), part.c_str(), 0));
    }
    return problem;
}

}  // namespace

std::string write_lesson(const learn::Lesson& lesson, const std::string& directory, bool overwrite,
                         std::string& written) {
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
        return fmt::format("The directory {} cannot be made: {}.", directory, reason());
    }
    const FileDescriptor folder(
        ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY));
    if (!folder) {
        return fmt::format("{} cannot be written to: {}.", directory, reason());
    }
    std::vector<File> files;
    for (const learn::PayloadFile& file : lesson.profile.files) {
        files.push_back(
            {file.name, {reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}});
    }
    files.push_back({"report.md", lesson.report});
    files.push_back({"profile.yaml", lesson.profile.text});
    for (const File& file : files) {
        struct stat there {};
        if (!overwrite &&
            ::fstatat(folder.get(), file.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
            return fmt::format(
                "{}/{} is there already, and is left as it is; with --overwrite it "
                "is replaced.",
                directory, file.name);
        }
    }
    for (const File& file : files) {
        if (const std::string problem = write_file(folder, file, overwrite); !problem.empty()) {
            return fmt::format("{}/{} cannot be written: {}.", directory, file.name, problem);
        }
        written += fmt::format("{}/{}\n", directory, file.name);
    }
    return {};
}

}  // namespace ghostpeer::lesson
