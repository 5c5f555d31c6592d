#include "link/port_guard.hpp"

#include "posix/socket_address.hpp"
#include "posix/whole_file.hpp"

#include <dirent.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <sstream>

namespace ghostpeer::link {

namespace {

constexpr std::string_view loopback = "lo";

bool set_option(const FileDescriptor& socket, int level, int option, int value) noexcept {
    return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

/// Before the socket listens, so that there is no moment at which the kernel answers.
bool silence(const FileDescriptor& socket) noexcept {
    sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &drop};
    return ::setsockopt(socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ==
               0 &&
           set_option(socket, SOL_SOCKET, SO_LOCK_FILTER, 1);
}

std::string text_of(const std::string& path) { return whole_file(path).value_or(""); }

struct CloseFolder {
    void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

std::vector<std::string> entries_of(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseFolder> folder(::opendir(path.c_str()));
    while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
        if (entry->d_name[0] != '.') {
            names.emplace_back(entry->d_name);
        }
    }
    return names;
}

bool has_socket(const std::string& process, const std::vector<std::string>& sockets) {
    const std::string folder = process + "/fd/";
    for (const std::string& fd : entries_of(folder)) {
        std::array<char, 64> target{};
        const ssize_t size =
            ::readlink(std::string(folder).append(fd).c_str(), target.data(), target.size() - 1);
        if (size > 0 &&
            std::find(sockets.begin(), sockets.end(),
                      std::string_view(target.data(), static_cast<std::size_t>(size))) !=
                sockets.end()) {
            return true;
        }
    }
    return false;
}

/// Other users' processes show their descriptors to root alone.
std::vector<Owner> listeners_on(std::uint16_t port) {
    std::vector<std::string> sockets;
    for (const char* table : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
        for (const std::string& inode : listening_inodes(text_of(table), port)) {
            sockets.push_back("socket:[" + inode + "]");
        }
    }
    std::vector<Owner> owners;
    if (sockets.empty()) {
        return owners;
    }
    for (const std::string& name : entries_of("/proc")) {
        Owner owner;
        const auto [end, error] =
            std::from_chars(name.data(), name.data() + name.size(), owner.pid);
        if (error != std::errc{} || end != name.data() + name.size()) {
            continue;
        }
        const std::string process = "/proc/" + name;
        if (has_socket(process, sockets)) {
            owner.name = text_of(process + "/comm");
            owner.name.resize(std::min(owner.name.find('\n'), owner.name.size()));
            owners.push_back(std::move(owner));
        }
    }
    return owners;
}

std::string sentence_about(const std::vector<Owner>& owners) {
    if (owners.empty()) {
        return "another process listens there or has the port (`ss -tlnp` as root names it).";
    }
    constexpr std::size_t most = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(owners.size(), most); ++i) {
        text += (i == 0 ? "" : ", ") + owners[i].name + " (process " +
                std::to_string(owners[i].pid) + ")";
    }
    return text +
           (owners.size() > most ? " and others listen"
            : owners.size() > 1  ? " listen"
                                 : " listens") +
           " there.";
}

tl::unexpected<Error> failure(const wire::Endpoint& place, int code) {
    return tl::unexpected(guard_failure(
        place, code, code == EADDRINUSE ? listeners_on(place.port) : std::vector<Owner>{}));
}

}  // namespace

std::vector<std::string> listening_inodes(std::string_view table, std::uint16_t port) {
    constexpr const char* listens = "0A";  // TCP_LISTEN of include/net/tcp_states.h
    std::vector<std::string> inodes;
    std::istringstream lines{std::string(table)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string slot, local, remote, state, queues, timer, retransmissions, user, timeout,
            inode;
        if (!(fields >> slot >> local >> remote >> state >> queues >> timer >> retransmissions >>
              user >> timeout >> inode) ||
            state != listens) {
            continue;
        }
        const std::size_t colon = local.rfind(':');
        unsigned number = 0;
        if (colon != std::string::npos &&
            std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16).ec ==
                std::errc{} &&
            number == port) {
            inodes.push_back(inode);
        }
    }
    return inodes;
}

Error guard_failure(const wire::Endpoint& place, int code, const std::vector<Owner>& owners) {
    const std::string port = std::to_string(place.port);
    std::string message = "The peer cannot have " + place.to_string() + ": ";
    switch (code) {
        case EADDRINUSE:
            message +=
                sentence_about(owners) + " Give the peer another port, or end what has this one.";
            break;
        case EADDRNOTAVAIL:
            message +=
                "the address is none of this host's, and over --link loopback a peer can "
                "only be where its kernel is. Use one of 127.0.0.0/8 or ::1, or --link tun "
                "or ethernet, where any address may be a peer's.";
            break;
        case EPERM:
            message +=
                "to keep the kernel silent at a port of this host needs CAP_NET_RAW in its network "
                "namespace, which this process does not have. Run ghostpeer as root or with that "
                "capability (`setcap cap_net_raw+ep`), or let `ghostpeer run --link loopback` make "
                "a private network, which needs no privilege.";
            break;
        case EACCES:
            message +=
                "ports below net.ipv4.ip_unprivileged_port_start need "
                "CAP_NET_BIND_SERVICE, which this process does not have. Give the peer a "
                "port from 1024 on, or run with that capability.";
            break;
        case EAFNOSUPPORT: message += "this kernel has no IPv6. Use an IPv4 address."; break;
        case EMFILE:
        case ENFILE:
            message +=
                "the limit on open files is reached, and each port of a peer takes one. "
                "Raise it ('ulimit -n'), or let the peer open fewer connections.";
            break;
        default: message += std::string(std::strerror(code)) + ".";
    }
    return {std::move(message), code};
}

namespace {

/// Who comes from another machine is no business of the peer's, and the kernel answers. Not so at
/// an address of another interface: although what goes to it from this machine goes over `lo`, the
/// kernel looks for a socket as if it had come over that interface (ip_route_output_key_hash_rcu).
bool stay_on_loopback(const FileDescriptor& socket, const wire::IpAddress& address) noexcept {
    constexpr std::uint32_t class_a = 24;
    const bool elsewhere =
        address.is_v4()
            ? address.v4_host_order() != 0 && address.v4_host_order() >> class_a != 127
            : address != wire::IpAddress::v6({}) && address != *wire::IpAddress::parse("::1");
    return elsewhere || ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, loopback.data(),
                                     loopback.size()) == 0;
}

}  // namespace

tl::expected<FileDescriptor, Error> guard_port(wire::Endpoint& place) {
    const bool v4 = place.address.is_v4();
    FileDescriptor socket(
        ::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const SocketAddress address = socket_address(place);
    if (!socket || !silence(socket) ||
        // What a server left in TIME-WAIT is in nobody's way.
        !set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1) ||
        (!v4 && !set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
        !stay_on_loopback(socket, place.address) ||
        ::bind(socket.get(), address.get(), address.length) != 0 ||
        ::listen(socket.get(), 1) != 0) {
        return failure(place, errno);
    }
    if (place.port == 0) {
        place.port = bound_port(socket.get());
    }
    return socket;
}

}  // namespace ghostpeer::link
