#include "warp/guest_traces.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace ghostpeer::warp {
namespace {

struct CloseFolder {
    void operator()(DIR* folder) const noexcept { closedir(folder); }
};

/// The files that are kept open have these numbers, which nothing else of the guest has.
constexpr int lowest_fd = 512;
constexpr int deepest = 4;

/// Of the kernel's own counting, or each run's own.
[[nodiscard]] bool is_left_out(std::string_view name) {
    constexpr std::array<std::string_view, 9> names{"net",      "random",     "pty",
                                                    "hostname", "domainname", "ns_last_pid",
                                                    "pts",      "shm",        "stat_refresh"};
    return name.starts_with('.') || std::find(names.begin(), names.end(), name) != names.end();
}

using Visit = std::function<void(int folder, const char* name, const struct stat& found)>;

/// False: not all of them could be looked at.
[[nodiscard]] bool for_each_entry(int at, const char* name, const Visit& visit) {
    FileDescriptor opened(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    const int fd = opened.get();
    const std::unique_ptr<DIR, CloseFolder> folder(opened ? fdopendir(fd) : nullptr);
    if (!folder) {
        return false;
    }
    static_cast<void>(opened.release());  // it is the folder's now
    errno = 0;
    while (const dirent* const entry = readdir(folder.get())) {
        struct stat found {};
        if (!is_left_out(entry->d_name) &&
            fstatat(fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0) {
            visit(fd, entry->d_name, found);
        }
        errno = 0;
    }
    return errno == 0;
}

[[nodiscard]] std::string read_again(int file) {
    std::array<char, 4096> buffer{};
    const ssize_t got = pread(file, buffer.data(), buffer.size(), 0);
    return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

}  // namespace

GuestTraces::GuestTraces(FileDescriptor settings, FileDescriptor modules, FileDescriptor devices)
    : settings_folder_(std::move(settings)),
      modules_(std::move(modules)),
      devices_(std::move(devices)) {}

void GuestTraces::remember() {
    if (std::exchange(remembered_, true)) {
        return;
    }
    add_settings(settings_folder_.get(), ".", deepest);
    add_settings(modules_.get(), ".", deepest);
    nodes_ = look_at_devices();
}

bool GuestTraces::is_same() const {
    return !remembered_ || (is_whole_ &&
                            std::all_of(settings_.begin(), settings_.end(),
                                        [](const Setting& one) {
                                            return read_again(one.file.get()) == one.text;
                                        }) &&
                            look_at_devices() == nodes_);
}

void GuestTraces::forget_in_child() { close_range(lowest_fd, UINT_MAX, 0); }

void GuestTraces::add_settings(int at, const char* name, int depth) {
    const auto add = [&](int folder, const char* entry, const struct stat& found) {
        constexpr mode_t for_writing = 0222;
        if (S_ISDIR(found.st_mode) && depth > 0) {
            add_settings(folder, entry, depth - 1);
        } else if (S_ISREG(found.st_mode) && (found.st_mode & for_writing) != 0) {
            add_setting(folder, entry);
        }
    };
    is_whole_ = for_each_entry(at, name, add) && is_whole_;
}

void GuestTraces::add_setting(int folder, const char* name) {
    const FileDescriptor file(openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
        // Some are there to be written alone; what they did, nobody can read.
        is_whole_ = is_whole_ && errno != EMFILE && errno != ENFILE && errno != ENOMEM;
        return;
    }
    FileDescriptor kept(fcntl(file.get(), F_DUPFD_CLOEXEC, lowest_fd));
    if (!kept) {
        is_whole_ = false;
        return;
    }
    std::string text = read_again(kept.get());
    if (!text.empty()) {
        settings_.push_back({std::move(kept), std::move(text)});
    }
}

std::string GuestTraces::look_at_devices() const {
    std::string text;
    const auto add = [&](int, const char* name, const struct stat& found) {
        text += fmt::format("{} {:o} {} {} {}\n", name, found.st_mode, found.st_uid, found.st_gid,
                            found.st_rdev);
    };
    return for_each_entry(devices_.get(), ".", add) ? text : text + "and others";
}

}  // namespace ghostpeer::warp
