#include "warp/run_directory.hpp"

#include "posix/whole_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>

namespace ghostpeer::warp {
namespace {

[[nodiscard]] std::string folder_prefix() { return fmt::format("ghostpeer-warp-{}-", geteuid()); }

/// The process that the folder's name says it belongs to.
[[nodiscard]] std::optional<pid_t> owner_of(std::string_view name) {
    const std::string begin = folder_prefix();
    if (!name.starts_with(begin)) {
        return std::nullopt;
    }
    name.remove_prefix(begin.size());
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end == name.data() + name.size() || *end != '-' || pid <= 0) {
        return std::nullopt;
    }
    return pid;
}

[[nodiscard]] FileDescriptor open_folder(const std::filesystem::path& path) {
    return FileDescriptor(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

/// Two signs are wanted: nobody holds the lock, which covers other PID namespaces, and there is
/// no such process, which covers the moment between making the folder and locking it.
[[nodiscard]] bool is_stale(const std::filesystem::path& path) {
    const auto owner = owner_of(path.filename().string());
    if (!owner || kill(*owner, 0) == 0 || errno != ESRCH) {
        return false;
    }
    const FileDescriptor folder = open_folder(path);
    struct stat found {};
    return folder && fstat(folder.get(), &found) == 0 && found.st_uid == geteuid() &&
           flock(folder.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

void remove_stale(const std::filesystem::path& parent) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(parent, error), end; !error && entry != end;
         entry.increment(error)) {
        if (is_stale(entry->path())) {
            std::error_code ignored;
            std::filesystem::remove_all(entry->path(), ignored);
        }
    }
}

tl::expected<RunDirectory, std::string> RunDirectory::create() {
    return create_in({"/dev/shm", "/tmp"});
}

tl::expected<RunDirectory, std::string> RunDirectory::create_for_programs() {
    return create_in({"/tmp"});
}

tl::expected<RunDirectory, std::string> RunDirectory::create_in(
    std::initializer_list<const char*> parents) {
    std::string problems;
    for (const char* parent : parents) {
        remove_stale(parent);
        std::string name = fmt::format("{}/{}{}-XXXXXX", parent, folder_prefix(), getpid());
        if (mkdtemp(name.data()) == nullptr) {
            problems +=
                fmt::format("{}{}: {}", problems.empty() ? "" : "; ", parent, std::strerror(errno));
            continue;
        }
        RunDirectory made;
        made.path_ = name;
        made.lock_ = open_folder(made.path_);
        if (!made.lock_ || flock(made.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
            problems += fmt::format("{}: {}", name, std::strerror(errno));
            continue;
        }
        return made;
    }
    return tl::make_unexpected(
        fmt::format("A run in virtual time needs a folder of its own, and "
                    "none can be made ({}). Make room in /tmp.",
                    problems));
}

tl::expected<RunDirectory, std::string> RunDirectory::create_inside(const std::string& name) const {
    RunDirectory made;
    const std::filesystem::path path = file(name);
    if (mkdir(path.c_str(), 0700) != 0) {
        return tl::make_unexpected(fmt::format("{} cannot be made: {}. Make room there.",
                                               path.string(), std::strerror(errno)));
    }
    made.path_ = path;
    return made;
}

RunDirectory::~RunDirectory() {
    if (!path_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
}

std::optional<std::string> RunDirectory::read(std::string_view name) const {
    auto text = whole_file(file(name));
    return text ? std::optional(std::move(*text)) : std::nullopt;
}

tl::expected<void, std::string> RunDirectory::write(std::string_view name,
                                                    std::string_view text) const {
    std::ofstream out(file(name), std::ios::binary);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) {
        return tl::make_unexpected(fmt::format("{} cannot be written: {}. Make room there.",
                                               file(name).string(), std::strerror(errno)));
    }
    return {};
}

}  // namespace ghostpeer::warp
