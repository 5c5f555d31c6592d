#include "control/socket_file.hpp"

#include "show/open_output.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace ghostpeer::control {
namespace {

constexpr int backlog = 1024;
constexpr mode_t only_owner = 0077;
constexpr int stages_tried = 100;

/// How a name in a folder is reached: a socket's address has no room for a descriptor. Without
/// /proc this process stands in the folder meanwhile.
class Reach {
  public:
    Reach(int folder, const std::string& name) {
        if (folder == AT_FDCWD) {
            return;
        }
        prefix_ = fmt::format("/proc/self/fd/{}/", folder);
        if (prefix_.size() + name.size() < sizeof(sockaddr_un::sun_path) &&
            ::access(prefix_.c_str(), F_OK) == 0) {
            return;
        }
        prefix_.clear();
        before_ = FileDescriptor(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        stands_ = before_ && ::fchdir(folder) == 0;
    }
    Reach(const Reach&) = delete;
    Reach& operator=(const Reach&) = delete;
    ~Reach() {
        const int error = errno;
        static_cast<void>(before_ && ::fchdir(before_.get()) != 0);
        errno = error;
    }
    [[nodiscard]] explicit operator bool() const noexcept { return stands_; }
    [[nodiscard]] std::string to(const std::string& name) const { return prefix_ + name; }

  private:
    std::string prefix_;
    FileDescriptor before_;
    bool stands_ = true;
};

[[nodiscard]] bool set_address(const std::string& name, sockaddr_un& address) {
    address = {};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    std::memcpy(address.sun_path, name.data(), name.size());
    return true;
}

[[nodiscard]] FileDescriptor make_socket() {
    return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

[[nodiscard]] FileDescriptor listen_in(int folder, const std::string& name) {
    sockaddr_un address{};
    FileDescriptor fd = make_socket();
    const Reach reach(folder, name);
    // Of the socket's own mode the kernel makes the file's, so that nobody else comes in between.
    if (!fd || !reach || !set_address(reach.to(name), address) ||
        ::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0 ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    if (::listen(fd.get(), backlog) != 0) {
        const int error = errno;
        ::unlinkat(folder, name.c_str(), 0);
        errno = error;
        return {};
    }
    return fd;
}

/// A folder in `folder` where only this user may write; `name` is set to how it is called.
[[nodiscard]] FileDescriptor make_stage(int folder, std::string& name) {
    for (int n = 0; n < stages_tried; ++n) {
        name = fmt::format(".ghostpeer-{}-{}", ::getpid(), n);
        if (::mkdirat(folder, name.c_str(), S_IRWXU) != 0) {
            if (errno == EEXIST) {
                continue;
            }
            return {};
        }
        FileDescriptor stage(
            ::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        struct stat found {};
        if (stage && ::fstat(stage.get(), &found) == 0 && found.st_uid == ::geteuid() &&
            (found.st_mode & only_owner) == 0) {
            return stage;
        }
        errno = EPERM;
        return {};
    }
    return {};
}

[[nodiscard]] FileDescriptor make_for(const Owner& owner, int folder, const std::string& name) {
    std::string stage_name;
    const FileDescriptor stage = make_stage(folder, stage_name);
    FileDescriptor fd = stage ? listen_in(stage.get(), name) : FileDescriptor();
    // A link takes the place of nothing that is there, as a renamed file would.
    if (fd &&
        (::fchownat(stage.get(), name.c_str(), owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) != 0 ||
         ::linkat(stage.get(), name.c_str(), folder, name.c_str(), 0) != 0)) {
        const int error = errno;
        fd.reset();
        errno = error == EEXIST ? EADDRINUSE : error;
    }
    if (stage) {
        const int error = errno;
        ::unlinkat(stage.get(), name.c_str(), 0);
        ::unlinkat(folder, stage_name.c_str(), AT_REMOVEDIR);
        errno = error;
    }
    return fd;
}

}  // namespace

bool answers(int folder, const std::string& name) {
    sockaddr_un address{};
    const FileDescriptor fd = make_socket();
    const Reach reach(folder, name);
    return !fd || !reach || !set_address(reach.to(name), address) ||
           ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno != ECONNREFUSED;
}

SocketFile::SocketFile(FileDescriptor folder, std::string name, FileDescriptor listening)
    : folder_(std::move(folder)), name_(std::move(name)), listening_(std::move(listening)) {
    struct stat found {};
    if (::fstatat(folder_.get(), name_.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0) {
        device_ = found.st_dev;
        inode_ = found.st_ino;
    }
}

SocketFile::~SocketFile() {
    listening_.reset();
    if (!folder_ || name_.empty()) {
        return;
    }
    struct stat found {};
    const bool seen = ::fstatat(folder_.get(), name_.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0;
    if (!seen && errno == ENOENT) {
        return;
    }
    // Where nobody can tell, one that nobody listens at is nobody else's. An inode of 0: not known.
    const bool own = seen && inode_ != 0 ? found.st_dev == device_ && found.st_ino == inode_
                                         : !answers(folder_.get(), name_);
    if (own) {
        ::unlinkat(folder_.get(), name_.c_str(), 0);
    }
}

tl::expected<SocketFile, int> SocketFile::make(const std::string& path,
                                               const std::optional<Owner>& owner) {
    const auto slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "."
                               : slash == 0               ? "/"
                                                          : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") {
        return tl::make_unexpected(EISDIR);
    }
    auto opened = show::open_folder(parent);
    if (!opened) {
        return tl::make_unexpected(opened.error());
    }
    FileDescriptor folder = std::move(*opened);
    struct stat found {};
    if (::fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISSOCK(found.st_mode) && !answers(folder.get(), name)) {
        ::unlinkat(folder.get(), name.c_str(), 0);  // of a process that was killed
    }
    FileDescriptor fd =
        owner ? make_for(*owner, folder.get(), name) : listen_in(folder.get(), name);
    if (!fd) {
        return tl::make_unexpected(errno);
    }
    return SocketFile(std::move(folder), name, std::move(fd));
}

}  // namespace ghostpeer::control
