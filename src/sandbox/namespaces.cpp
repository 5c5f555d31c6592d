#include "sandbox/namespaces.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>

#include "posix/file_descriptor.hpp"

namespace ghostpeer::sandbox {

namespace {

bool has_capabilities(std::initializer_list<unsigned> wanted) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0) {
        return false;
    }
    for (const unsigned capability : wanted) {
        if ((data[capability / 32].effective & (1U << (capability % 32))) == 0) {
            return false;
        }
    }
    return true;
}

// Returns the errno, 0 on success. A map is taken in one write() or not at all.
int write_file(const std::string& path, const std::string& text) {
    const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) {
        return errno;
    }
    return write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

// "inside outside count" of our own namespace becomes "inside inside count" of the next.
std::string identity_of(const char* map) {
    std::ifstream file(map);
    std::string text;
    std::uint64_t inside = 0, outside = 0, count = 0;
    while (file >> inside >> outside >> count) {
        const std::string first = std::to_string(inside);
        text.append(first).append(" ").append(first).append(" ");
        text.append(std::to_string(count)).append("\n");
    }
    return text;
}

std::string only(unsigned id) { return std::to_string(id) + " " + std::to_string(id) + " 1\n"; }

}  // namespace

bool needs_user_namespace() { return !has_capabilities({CAP_SYS_ADMIN, CAP_NET_ADMIN}); }

tl::expected<pid_t, int> clone_helper(bool user_namespace, Network network) {
    const unsigned long flags =
        CLONE_NEWNS | CLONE_NEWPID |
        (network == Network::own ? static_cast<unsigned long>(CLONE_NEWNET) : 0) |
        (user_namespace ? static_cast<unsigned long>(CLONE_NEWUSER) : 0);
    // The order of the arguments after the stack differs between architectures; all are null.
    const long result = syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    if (result < 0) {
        return tl::unexpected(errno);
    }
    return static_cast<pid_t>(result);
}

tl::expected<void, Error> write_maps(pid_t helper) {
    const std::string directory = "/proc/" + std::to_string(helper) + "/";
    int error = EPERM;
    if (has_capabilities({CAP_SETUID, CAP_SETGID})) {
        error = write_file(directory + "uid_map", identity_of("/proc/self/uid_map"));
    }
    if (error != 0) {
        error = write_file(directory + "uid_map", only(geteuid()));
    }
    if (error == 0) {
        error = EPERM;
        if (has_capabilities({CAP_SETUID, CAP_SETGID})) {
            error = write_file(directory + "gid_map", identity_of("/proc/self/gid_map"));
        }
        if (error != 0) {
            // Without it, dropping a group could open a file that is closed to that group.
            error = write_file(directory + "setgroups", "deny");
            if (error == 0 || error == ENOENT) {
                error = write_file(directory + "gid_map", only(getegid()));
            }
        }
    }
    if (error == 0) {
        return {};
    }
    return tl::unexpected(
        Error{Error::Kind::not_permitted,
              "ghostpeer could not give its user namespace the caller's user and group (writing " +
                  directory + "uid_map and gid_map): " + strerror(error) +
                  ". Mount /proc if it is missing, or run ghostpeer as root."});
}

bool isolate_mounts() {
    // EINVAL if "/" is no mount point (a chroot); EACCES from a container's AppArmor profile.
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return false;
    }
    // EPERM where parts of the outer /proc are hidden (mount_too_revealing()); the outer one then
    // stays in use, and /proc/self works in it too.
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
    return true;
}

}  // namespace ghostpeer::sandbox
