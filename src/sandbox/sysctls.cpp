#include "sandbox/sysctls.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "posix/file_descriptor.hpp"

namespace ghostpeer::sandbox {

namespace {

std::string reason(int error) {
    switch (error) {
        case ENOENT:
            return "there is no such sysctl in a private network namespace. Check the spelling "
                   "('sysctl -a' lists them); some sysctls exist only for the whole system";
        case EPERM:
        case EACCES:
            return "it belongs to the whole system and cannot be set for one namespace. Leave it "
                   "out, or set it outside with 'sudo sysctl'";
        case EINVAL:
            return "the kernel does not take this value. Check its range in the kernel's "
                   "ip-sysctl documentation";
        case EROFS:
            return "/proc/sys is read-only here, as in containers. Start the container with "
                   "'--security-opt systempaths=unconfined' or '--privileged'";
        default: return strerror(error);
    }
}

}  // namespace

tl::expected<std::string, std::string> sysctl_path(std::string_view name) {
    std::string path(name);
    const std::size_t separator = path.find_first_of("./");
    if (separator != std::string::npos && path[separator] == '.') {
        for (char& c : path) {
            c = c == '.' ? '/' : c == '/' ? '.' : c;
        }
    }
    if (!path.starts_with("net/")) {
        return tl::unexpected("The sysctl '" + std::string(name) +
                              "' does not begin with 'net.'. Only sysctls of the network can be "
                              "set for one program.");
    }
    const std::string probe = path + "/";
    const bool strange =
        std::any_of(path.begin(), path.end(), [](char c) { return c <= ' ' || c == 0x7f; });
    if (strange || probe.find("//") != std::string::npos ||
        probe.find("/./") != std::string::npos || probe.find("/../") != std::string::npos) {
        return tl::unexpected("'" + std::string(name) +
                              "' is not the name of a sysctl. An example of one is "
                              "'net.ipv4.tcp_keepalive_time'.");
    }
    return "/proc/sys/" + path;
}

tl::expected<void, Error> write_sysctls(
    const std::vector<std::pair<std::string, std::string>>& sysctls) {
    for (const auto& [name, value] : sysctls) {
        const auto path = sysctl_path(name);
        if (!path) {
            return tl::unexpected(Error{Error::Kind::failed, path.error()});
        }
        const FileDescriptor file(open(path->c_str(), O_WRONLY | O_CLOEXEC));
        int error = file ? 0 : errno;
        if (error == 0 && write(file.get(), value.data(), value.size()) < 0) {
            error = errno;
        }
        if (error != 0) {
            std::string message = "ghostpeer could not set the sysctl " + name;
            message.append(" to '").append(value).append("': ").append(reason(error)).append(".");
            return tl::unexpected(Error{Error::Kind::failed, std::move(message)});
        }
    }
    return {};
}

}  // namespace ghostpeer::sandbox
