#include "control/listener.hpp"

#include "control/query.hpp"
#include "show/open_output.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
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
#include <vector>

namespace ghostpeer::control {
namespace {

constexpr int backlog = 1024;  // the kernel makes less of it where it likes
constexpr mode_t only_owner = 0077;

[[nodiscard]] std::string reason() { return std::strerror(errno); }

[[nodiscard]] bool is_own(const std::string& folder) {
    struct stat found {};
    return ::lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
           found.st_uid == ::geteuid() && (found.st_mode & only_owner) == 0;
}

/// Makes it, or finds it made by this user for nobody else.
[[nodiscard]] bool have_folder(const std::string& folder) {
    return ::mkdir(folder.c_str(), S_IRWXU) == 0 || (errno == EEXIST && is_own(folder));
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
        if (pid && ::kill(static_cast<pid_t>(*pid), 0) != 0 && errno == ESRCH &&
            !answers(AT_FDCWD, path)) {
            ::unlink(path.c_str());
        }
    }
}

/// Where sockets may lie, the best place first. Files cost least in memory: to make and remove one
/// on a disk can take milliseconds.
[[nodiscard]] std::vector<std::string> private_folders() {
    std::vector<std::string> folders;
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    struct stat found {};
    constexpr std::size_t longest = 60;
    if (runtime != nullptr && runtime[0] == '/' && std::strlen(runtime) < longest &&
        ::stat(runtime, &found) == 0 && found.st_uid == ::geteuid() &&
        ::access(runtime, W_OK) == 0) {
        folders.push_back(fmt::format("{}/ghostpeer", runtime));
    }
    for (const char* const place : {"/dev/shm", "/tmp"}) {
        if (::access(place, W_OK | X_OK) == 0) {
            folders.push_back(fmt::format("{}/ghostpeer-{}", place, ::geteuid()));
        }
    }
    return folders;
}

[[nodiscard]] std::string made_up_beginning() { return fmt::format("ghostpeer-{}-", ::geteuid()); }

/// What runs that were killed have left in folders whose names they made up.
void sweep_made_up(const std::string& place) {
    const std::string beginning = made_up_beginning();
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(place.c_str()), &::closedir);
    for (const dirent* entry = listing ? ::readdir(listing.get()) : nullptr; entry != nullptr;
         entry = ::readdir(listing.get())) {
        const std::string folder = fmt::format("{}/{}", place, entry->d_name);
        if (std::string_view(entry->d_name).starts_with(beginning) && is_own(folder)) {
            sweep(folder);
            ::rmdir(folder.c_str());
        }
    }
}

/// Where folders are made up: memory, and the disk where there is none to write to.
[[nodiscard]] std::string place_to_make_up() {
    return ::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

/// Somebody else may have made all of those first. Then one is made whose name nobody can know.
[[nodiscard]] std::optional<std::string> make_folder_up(const std::string& place) {
    std::string made = fmt::format("{}/{}XXXXXX", place, made_up_beginning());
    return ::mkdtemp(made.data()) != nullptr ? std::optional(made) : std::nullopt;
}

/// This process, or the machine, can open no more: another place would be as bad.
[[nodiscard]] bool is_want_of_descriptors(int error) noexcept {
    return error == EMFILE || error == ENFILE;
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

std::optional<Listener> Listener::open_in(const std::string& folder, int& error) {
    constexpr int tries = 5;
    for (int n = 0; n < tries; ++n) {
        Address address;
        address.path = n == 0 ? fmt::format("{}/{}.sock", folder, ::getpid())
                              : fmt::format("{}/{}-{}.sock", folder, ::getpid(), n);
        auto file = SocketFile::make(address.path, std::nullopt);
        if (file) {
            return Listener({}, std::move(*file), std::move(address), folder);
        }
        error = file.error();
        // ENOENT: another run that ended has just removed the folder.
        if (error != EADDRINUSE && !(error == ENOENT && have_folder(folder))) {
            break;
        }
    }
    return std::nullopt;
}

tl::expected<Listener, std::string> Listener::open_private() {
    const std::string place = place_to_make_up();
    sweep_made_up(place);
    int error = EACCES;
    const auto try_in = [&](const std::string& folder) {
        auto listener = open_in(folder, error);
        if (!listener) {
            ::rmdir(folder.c_str());  // it stays where others' sockets are in it
        }
        return listener;
    };
    for (const std::string& folder : private_folders()) {
        if (is_want_of_descriptors(error) || !have_folder(folder)) {
            continue;
        }
        sweep(folder);
        if (auto listener = try_in(folder)) {
            return std::move(*listener);
        }
    }
    if (const auto made = is_want_of_descriptors(error) ? std::nullopt : make_folder_up(place)) {
        if (auto listener = try_in(*made)) {
            return std::move(*listener);
        }
    }
    return tl::make_unexpected(fmt::format(
        "No control socket can be made below $XDG_RUNTIME_DIR, /dev/shm or /tmp: {}. Name a place "
        "with --control unix:PATH, or do without with --control off.",
        std::strerror(error)));
}

tl::expected<Listener, std::string> Listener::open(const Address& wanted,
                                                   const std::optional<Owner>& owner) {
    Address address = wanted;
    const auto fail = [&] {
        return tl::make_unexpected(fmt::format("The control interface cannot listen at {}: {}.",
                                               address.to_string(), reason()));
    };
    if (!address.is_tcp()) {
        auto file = SocketFile::make(address.path, owner);
        if (!file && file.error() == show::foreign_link) {
            return tl::make_unexpected(fmt::format(
                "The control interface cannot listen at {}: a link on the way there belongs to "
                "another user, whom root does not follow. Name the folder that is meant.",
                address.to_string()));
        }
        if (!file) {
            errno = file.error();
            return fail();
        }
        return Listener({}, std::move(*file), std::move(address), {});
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
    return Listener(std::move(fd), std::nullopt, std::move(address), {});
}

Listener::~Listener() {
    file_.reset();
    if (!folder_.empty()) {
        ::rmdir(folder_.c_str());
    }
}

}  // namespace ghostpeer::control
