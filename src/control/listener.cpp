#include "control/listener.hpp"

#include "control/query.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace ghostpeer::control {
namespace {

constexpr int backlog = 64;
constexpr mode_t only_owner = 0077;

[[nodiscard]] std::string reason() { return std::strerror(errno); }

[[nodiscard]] std::optional<sockaddr_un> unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return std::nullopt;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

/// Listens with mode 0600; the error is an errno.
[[nodiscard]] tl::expected<FileDescriptor, int> listen_at(const std::string& path) {
    const auto address = unix_address(path);
    if (!address) {
        return tl::make_unexpected(ENAMETOOLONG);
    }
    FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    // Of the socket's own mode the kernel makes the file's, so that nobody else comes in between.
    static_cast<void>(!fchmod(fd.get(), S_IRUSR | S_IWUSR));
    if (!fd ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        ::listen(fd.get(), backlog) != 0) {
        return tl::make_unexpected(errno);
    }
    return fd;
}

/// Does somebody listen at this socket of the file system?
[[nodiscard]] bool answers(const std::string& path) {
    const auto address = unix_address(path);
    const FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return !address || !fd ||
           ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) ==
               0 ||
           errno != ECONNREFUSED;
}

/// Makes it, or finds it made by this user for nobody else.
[[nodiscard]] bool have_folder(const std::string& folder) {
    if (::mkdir(folder.c_str(), S_IRWXU) == 0) {
        return true;
    }
    struct stat found {};
    return errno == EEXIST && ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
           found.st_uid == ::geteuid() && (found.st_mode & only_owner) == 0;
}

/// Removes the sockets of processes that are gone. A name is `PID.sock`, or `PID-N.sock`.
void sweep(const std::string& folder) {
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(folder.c_str()), &::closedir);
    if (!listing) {
        return;
    }
    while (const dirent* entry = ::readdir(listing.get())) {
        const std::string name = entry->d_name;
        const auto pid = name.ends_with(".sock")
                             ? parse_number(name.substr(0, name.find_first_of(".-")))
                             : std::nullopt;
        const std::string path = fmt::format("{}/{}", folder, name);
        // Processes of another container's may share the folder: theirs answer.
        if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH && !answers(path)) {
            ::unlink(path.c_str());
        }
    }
}

/// Where files cost least: to make and remove one on a disk can take milliseconds.
[[nodiscard]] std::string private_folder() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    struct stat found {};
    constexpr std::size_t longest = 60;
    if (runtime != nullptr && runtime[0] == '/' && std::strlen(runtime) < longest &&
        ::stat(runtime, &found) == 0 && found.st_uid == ::geteuid() &&
        ::access(runtime, W_OK) == 0) {
        return fmt::format("{}/ghostpeer", runtime);
    }
    const bool has_memory = ::access("/dev/shm", W_OK | X_OK) == 0;
    return fmt::format("{}/ghostpeer-{}", has_memory ? "/dev/shm" : "/tmp", ::geteuid());
}

[[nodiscard]] bool is_loopback(const in_addr& address) noexcept {
    return (ntohl(address.s_addr) >> 24) == 127;
}

}  // namespace

std::string Address::to_string() const {
    if (!is_tcp()) {
        return "unix:" + path;
    }
    return host.find(':') == std::string::npos ? fmt::format("http://{}:{}", host, port)
                                               : fmt::format("http://[{}]:{}", host, port);
}

tl::expected<Address, std::string> parse_address(std::string_view text) {
    const auto fail = [&](const std::string& why) {
        return tl::make_unexpected(
            fmt::format("A control address is unix:PATH or 127.0.0.1:PORT, but \"{}\" {}.",
                        text.substr(0, 200), why));
    };
    Address address;
    std::string_view rest = text;
    if (rest.starts_with("unix:")) {
        address.path = rest.substr(5);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
        rest = rest.substr(0, rest.find('/'));
    } else if (rest.find('/') != std::string_view::npos) {
        address.path = rest;
    }
    if (!address.path.empty()) {
        constexpr std::size_t longest = sizeof(sockaddr_un::sun_path) - 1;
        return address.path.size() > longest
                   ? fail(fmt::format("is longer than the {} bytes that a socket's path may have",
                                      longest))
                   : tl::expected<Address, std::string>(address);
    }
    const auto colon = rest.rfind(':');
    const auto port =
        colon == std::string_view::npos ? std::nullopt : parse_number(rest.substr(colon + 1));
    if (!port || *port > 65535) {
        return fail("names no port");
    }
    std::string host(rest.substr(0, colon));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    if (host == "localhost") {
        host = "127.0.0.1";
    }
    in_addr v4{};
    in6_addr v6{};
    const bool is_v4 = ::inet_pton(AF_INET, host.c_str(), &v4) == 1;
    const bool is_v6 = !is_v4 && ::inet_pton(AF_INET6, host.c_str(), &v6) == 1;
    if (!is_v4 && !is_v6) {
        return fail(fmt::format("names no address: \"{}\"", host));
    }
    if (is_v4 ? !is_loopback(v4) : IN6_IS_ADDR_LOOPBACK(&v6) == 0) {
        return fail(
            "is not a loopback address: whoever reaches it could act on every connection. To "
            "control it from another machine, forward a port or the socket with ssh -L");
    }
    address.host = host;
    address.port = static_cast<int>(*port);
    return address;
}

tl::expected<Listener, std::string> Listener::open_private() {
    const std::string folder = private_folder();
    constexpr int tries = 5;
    int error = EEXIST;
    for (int n = 0; n < tries; ++n) {
        if (!have_folder(folder)) {
            return tl::make_unexpected(fmt::format(
                "The control socket's directory {} cannot be made, or is another user's.", folder));
        }
        if (n == 0) {
            sweep(folder);
        }
        Address address;
        address.path = n == 0 ? fmt::format("{}/{}.sock", folder, ::getpid())
                              : fmt::format("{}/{}-{}.sock", folder, ::getpid(), n);
        auto fd = listen_at(address.path);
        if (fd) {
            return Listener(std::move(*fd), std::move(address), folder);
        }
        error = fd.error();
        // ENOENT: another run that ended has just removed the folder.
        if (error != EADDRINUSE && error != ENOENT) {
            break;
        }
    }
    return tl::make_unexpected(
        fmt::format("No control socket can be made in {}: {}.", folder, std::strerror(error)));
}

tl::expected<Listener, std::string> Listener::open(const Address& wanted) {
    Address address = wanted;
    const auto fail = [&] {
        return tl::make_unexpected(fmt::format("The control interface cannot listen at {}: {}.",
                                               address.to_string(), reason()));
    };
    if (!address.is_tcp()) {
        if (!answers(address.path)) {
            struct stat found {};
            if (::lstat(address.path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
                ::unlink(address.path.c_str());  // of a process that was killed
            }
        }
        auto fd = listen_at(address.path);
        if (!fd) {
            errno = fd.error();
            return fail();
        }
        return Listener(std::move(*fd), std::move(address), {});
    }
    const bool v6 = address.host.find(':') != std::string::npos;
    FileDescriptor fd(
        ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_storage storage{};
    socklen_t size = 0;
    in_port_t* port = nullptr;
    if (v6) {
        auto* to = reinterpret_cast<sockaddr_in6*>(&storage);
        to->sin6_family = AF_INET6;
        ::inet_pton(AF_INET6, address.host.c_str(), &to->sin6_addr);
        port = &to->sin6_port;
        size = sizeof *to;
    } else {
        auto* to = reinterpret_cast<sockaddr_in*>(&storage);
        to->sin_family = AF_INET;
        ::inet_pton(AF_INET, address.host.c_str(), &to->sin_addr);
        port = &to->sin_port;
        size = sizeof *to;
    }
    *port = htons(static_cast<std::uint16_t>(address.port));
    auto* const generic = reinterpret_cast<sockaddr*>(&storage);
    if (!fd || ::bind(fd.get(), generic, size) != 0 || ::listen(fd.get(), backlog) != 0 ||
        ::getsockname(fd.get(), generic, &size) != 0) {
        return fail();
    }
    address.port = ntohs(*port);
    return Listener(std::move(fd), std::move(address), {});
}

Listener::~Listener() {
    if (!fd_ || address_.is_tcp()) {
        return;
    }
    ::unlink(address_.path.c_str());
    if (!folder_.empty()) {
        ::rmdir(folder_.c_str());
    }
}

}  // namespace ghostpeer::control
