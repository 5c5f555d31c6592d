// A listening Unix socket and its name in the file system, which nobody can swap for another's.
#pragma once

#include "posix/file_descriptor.hpp"

#include <sys/types.h>
#include <optional>
#include <string>

#include <tl/expected.hpp>

namespace ghostpeer::control {

/// Who may open a socket of root's.
struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// All that is done to the name is done through its folder's descriptor, and follows no link.
class SocketFile {
  public:
    /// Mode 0600. In the place of a socket that nobody listens at any more, else of nothing. With
    /// an owner it is made and given away where only this user may write, and then moved to its
    /// place, so that whoever may write there has nothing to plant. The error is an errno.
    [[nodiscard]] static tl::expected<SocketFile, int> make(const std::string& path,
                                                            const std::optional<Owner>& owner);

    SocketFile(SocketFile&&) noexcept = default;
    SocketFile& operator=(SocketFile&&) = delete;
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;
    /// Removes the name, unless it is another socket's by now.
    ~SocketFile();

    [[nodiscard]] int listening() const noexcept { return listening_.get(); }
    [[nodiscard]] int folder() const noexcept { return folder_.get(); }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Somebody else removes the name.
    void leave() noexcept { name_.clear(); }

  private:
    SocketFile(FileDescriptor folder, std::string name, FileDescriptor listening);

    FileDescriptor folder_;
    std::string name_;
    FileDescriptor listening_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

/// Does somebody listen at this socket? `folder` may be AT_FDCWD.
[[nodiscard]] bool answers(int folder, const std::string& name);

}  // namespace ghostpeer::control
