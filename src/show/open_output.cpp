#include "show/open_output.hpp"

#include "posix/roots_own.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>

namespace ghostpeer::show {
namespace {

constexpr int flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
constexpr int folder_flags = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
constexpr mode_t mode = 0666;
constexpr int most_links = 40;  // MAXSYMLINKS of the kernel

struct Trouble {
    int code = 0;  ///< errno; 0: it was refused here
    std::string text;
};
using Result = tl::expected<FileDescriptor, Trouble>;

[[nodiscard]] tl::unexpected<Trouble> failed(int error) {
    return tl::unexpected(Trouble{
        error, fmt::format("{}. Name a file that may be created there.", std::strerror(error))});
}
[[nodiscard]] tl::unexpected<Trouble> refused(std::string text) {
    return tl::unexpected(Trouble{0, std::move(text)});
}

/// Whom root trusts: itself, and who called sudo.
[[nodiscard]] bool is_trusted(uid_t owner) {
    if (is_roots_own(owner)) {
        return true;
    }
    const char* const text = std::getenv("SUDO_UID");
    if (text == nullptr) {
        return false;
    }
    unsigned caller = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), caller);
    return error == std::errc{} && *end == '\0' && owner == caller;
}

/// May nobody but root and who called sudo put other files there?
[[nodiscard]] bool is_private(const struct stat& folder) {
    return is_trusted(folder.st_uid) && (folder.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/// Its entries are no links though they look like ones: what they lead to is what is meant.
[[nodiscard]] bool is_procfs(int folder) {
    struct statfs system {};
    return ::fstatfs(folder, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

void push_parts(std::deque<std::string>& parts, std::string_view path) {
    std::deque<std::string> more;
    while (!path.empty()) {
        const auto end = std::min(path.find('/'), path.size());
        if (end > 0) {
            more.emplace_back(path.substr(0, end));
        }
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    parts.insert(parts.begin(), more.begin(), more.end());
}

class Walk {
  public:
    enum class Wanted : unsigned char { file, folder };

    explicit Walk(const std::string& path, Wanted wanted = Wanted::file) : wanted_(wanted) {
        begin(path);
        push_parts(parts_, path);
        ends_in_folder_ = path.ends_with('/');
    }

    [[nodiscard]] Result open() {
        for (int links = 0; !parts_.empty();) {
            if (!folder_) {
                return failed(errno);
            }
            const std::string name = std::move(parts_.front());
            parts_.pop_front();
            const bool last = parts_.empty() && wanted_ == Wanted::file;
            struct stat found {};
            const bool there =
                ::fstatat(folder_.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
            if (there && S_ISLNK(found.st_mode)) {
                if (is_procfs(folder_.get())) {
                    if (last) {
                        return open_last(name, 0);
                    }
                    folder_ = FileDescriptor(
                        ::openat(folder_.get(), name.c_str(), folder_flags & ~O_NOFOLLOW));
                    continue;
                }
                if (++links > most_links) {
                    return failed(ELOOP);
                }
                if (auto followed = follow(name); !followed) {
                    return tl::unexpected(std::move(followed.error()));
                }
            } else if (last) {
                return ends_in_folder_ ? failed(EISDIR) : open_last(name, O_NOFOLLOW);
            } else {
                folder_ = FileDescriptor(::openat(folder_.get(), name.c_str(), folder_flags));
            }
        }
        if (!folder_) {
            return failed(errno);
        }
        return wanted_ == Wanted::folder ? Result(std::move(folder_)) : Result(failed(EISDIR));
    }

  private:
    void begin(std::string_view path) {
        folder_ = FileDescriptor(::open(path.starts_with('/') ? "/" : ".", folder_flags));
    }

    [[nodiscard]] tl::expected<void, Trouble> follow(const std::string& name) {
        // By descriptor, so that what is looked at is what is followed.
        const FileDescriptor link(
            ::openat(folder_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status {};
        std::array<char, PATH_MAX> target{};
        if (!link || ::fstat(link.get(), &status) != 0) {
            return failed(errno);
        }
        if (!is_trusted(status.st_uid)) {
            return refused(fmt::format(
                "the link {} on the way there belongs to another user (number {}), whom root does "
                "not follow. Name the file that is meant.",
                name, status.st_uid));
        }
        const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
        if (size <= 0) {
            return failed(size < 0 ? errno : ENOENT);
        }
        const std::string_view text(target.data(), static_cast<std::size_t>(size));
        if (text.starts_with('/')) {
            begin(text);
        }
        push_parts(parts_, text);
        return {};
    }

    [[nodiscard]] Result open_last(const std::string& name, int no_follow) {
        FileDescriptor file(::openat(folder_.get(), name.c_str(), flags | no_follow, mode));
        if (!file) {
            return failed(errno);
        }
        struct stat folder {};
        struct stat status {};
        if (::fstat(folder_.get(), &folder) != 0 || ::fstat(file.get(), &status) != 0) {
            return failed(errno);
        }
        if (S_ISREG(status.st_mode) && status.st_nlink > 1 && !is_private(folder)) {
            return refused(
                "the file has a second name, and others may write to its folder: root does not "
                "touch what may be somebody else's. Name a new file, or one in a folder of "
                "root's own.");
        }
        return file;
    }

    std::deque<std::string> parts_;
    FileDescriptor folder_;
    Wanted wanted_;
    bool ends_in_folder_ = false;
};

[[nodiscard]] Result open_once(const std::string& path) {
    if (::geteuid() == 0) {
        return Walk(path).open();
    }
    FileDescriptor file(::open(path.c_str(), flags, mode));
    if (!file) {
        return failed(errno);
    }
    return file;
}

}  // namespace

tl::expected<FileDescriptor, std::string> open_output(const std::string& path) {
    constexpr int patience_ms = 1000;
    constexpr int look_ms = 5;
    for (int waited_ms = 0;; waited_ms += look_ms) {
        auto file = open_once(path);
        if (file) {
            // What has no length (EINVAL) need not be emptied.
            if (::ftruncate(file->get(), 0) != 0 && errno != EINVAL) {
                return tl::unexpected(failed(errno).value().text);
            }
            return std::move(*file);
        }
        if (file.error().code != ENXIO) {
            return tl::unexpected(std::move(file.error().text));
        }
        if (waited_ms >= patience_ms) {
            return tl::unexpected(
                std::string("it is a pipe, and nobody reads from it. Start its reader first."));
        }
        ::usleep(look_ms * 1000);
    }
}

tl::expected<FileDescriptor, int> open_folder(const std::string& path) {
    if (::geteuid() == 0) {
        auto folder = Walk(path, Walk::Wanted::folder).open();
        if (!folder) {
            return tl::make_unexpected(folder.error().code == 0 ? foreign_link
                                                                : folder.error().code);
        }
        return std::move(*folder);
    }
    FileDescriptor folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) {
        return tl::make_unexpected(errno);
    }
    return folder;
}

}  // namespace ghostpeer::show
