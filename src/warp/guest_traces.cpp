#include "warp/guest_traces.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace ghostpeer::warp {
namespace {

struct CloseFolder {
    void operator()(DIR* folder) const noexcept { closedir(folder); }
};

/// Of the kernel's own counting, or each network's own.
[[nodiscard]] bool is_left_out(std::string_view name) {
    for (const std::string_view one :
         {"net", "random", "pty", "ns_last_pid", "dentry-state", "inode-nr", "inode-state",
          "file-nr", "hostname", "aio-nr", "stat_refresh", "keys", "pts", "shm", "nf_conntrack"}) {
        if (name == one) {
            return true;
        }
    }
    return false;
}

void add_file(int folder, const char* name, const struct stat& found, std::string& text) {
    text += fmt::format("{} {:o} {} {} {}\n", name, found.st_mode, found.st_uid, found.st_gid,
                        found.st_rdev);
    constexpr mode_t for_writing = 0222;
    if (!S_ISREG(found.st_mode) || (found.st_mode & for_writing) == 0) {
        return;
    }
    const FileDescriptor file(openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 4096> buffer{};
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    text.append(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
}

void add_folder(int at, const char* name, int depth, std::string& text) {
    const int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    const std::unique_ptr<DIR, CloseFolder> folder(fd < 0 ? nullptr : fdopendir(fd));
    if (!folder) {
        return;
    }
    while (const dirent* const entry = readdir(folder.get())) {
        struct stat found {};
        if (entry->d_name[0] == '.' || is_left_out(entry->d_name) ||
            fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        if (!S_ISDIR(found.st_mode)) {
            add_file(fd, entry->d_name, found, text);
        } else if (depth > 0) {
            text += fmt::format("{}/\n", entry->d_name);
            add_folder(fd, entry->d_name, depth - 1, text);
        }
    }
}

}  // namespace

GuestTraces::GuestTraces(FileDescriptor settings, FileDescriptor modules, FileDescriptor devices)
    : settings_(std::move(settings)), modules_(std::move(modules)), devices_(std::move(devices)) {}

std::string GuestTraces::look() const {
    constexpr int deep = 4;
    std::string text;
    for (const FileDescriptor* folder : {&settings_, &modules_, &devices_}) {
        add_folder(folder->get(), ".", deep, text);
    }
    return text;
}

}  // namespace ghostpeer::warp
