#include "sandbox/covered_file.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "posix/file_descriptor.hpp"

namespace ghostpeer::sandbox {

namespace {

constexpr const char* usual_folder = "/tmp";

// Where a file system can be mounted for a moment.
std::string mount_point() {
    for (const char* path : {usual_folder, "/run", "/dev/shm", "/mnt"}) {
        struct stat found {};
        if (stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
            return path;
        }
    }
    return "/etc";
}

/// Set: the path is a link, and this is it.
FileDescriptor open_link(const std::string& path) {
    FileDescriptor link(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    if (link && (fstat(link.get(), &found) != 0 || !S_ISLNK(found.st_mode))) {
        link.reset();
    }
    return link;
}

int put_over(const std::string& cover, const FileDescriptor& target) {
    const std::string place = "/proc/self/fd/" + std::to_string(target.get());
    return mount(cover.c_str(), place.c_str(), nullptr, MS_BIND, nullptr);
}

}  // namespace

tl::expected<void, CoverFailure> CoveredFiles::cover(const std::string& path,
                                                     std::string_view text) {
    FileDescriptor target(open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!target && !folder_.empty() && show_folder()) {
        // A link that leads into the folder.
        target = FileDescriptor(open(path.c_str(), O_PATH | O_CLOEXEC));
    }
    if (!target) {
        return tl::unexpected(CoverFailure{CoverFailure::Step::put_in_place, errno});
    }
    if (folder_.empty()) {
        std::string folder = mount_point();
        if (mount("tmpfs", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "mode=0700") != 0) {
            return tl::unexpected(CoverFailure{CoverFailure::Step::mount_temporary, errno});
        }
        folder_ = std::move(folder);
    }
    const std::string cover = folder_ + "/cover" + std::to_string(++count_);
    int error = 0;
    {
        const FileDescriptor file(
            open(cover.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
        if (!file || fchmod(file.get(), 0644) != 0) {
            error = errno;
        } else if (const ssize_t n = write(file.get(), text.data(), text.size());
                   n != static_cast<ssize_t>(text.size())) {
            error = n < 0 ? errno : ENOSPC;
        }
    }
    // The bind mount keeps the file alive after its file system has been detached.
    const FileDescriptor link = open_link(path);
    if (error == 0 && put_over(cover, target) != 0 &&
        mount(cover.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        error = errno;
    }
    // Else who replaces the link itself would replace the system's. Some kernels mount over none.
    if (error == 0 && link) {
        static_cast<void>(put_over(cover, link));
    }
    // What is looked for next may lie in another folder than this.
    if (folder_ != usual_folder && !show_folder() && error == 0) {
        error = errno;
    }
    if (error != 0) {
        return tl::unexpected(CoverFailure{CoverFailure::Step::put_in_place, error});
    }
    return {};
}

bool CoveredFiles::show_folder() {
    if (!folder_.empty() && umount2(folder_.c_str(), MNT_DETACH) == 0) {
        folder_.clear();
    }
    return folder_.empty();
}

}  // namespace ghostpeer::sandbox
