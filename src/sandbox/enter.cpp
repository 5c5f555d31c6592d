#include "sandbox/enter.hpp"

#include "posix/passed_descriptors.hpp"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>

namespace ghostpeer::sandbox {
namespace {

constexpr std::size_t most_descriptors = 250;  // SCM_MAX_FD of the kernel is 253
constexpr std::size_t most_bytes = 32'768;
constexpr char good = '+';
constexpr char forbidden = '!';
constexpr char bad = '-';

[[nodiscard]] bool is_number(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](unsigned char c) { return std::isdigit(c) != 0; });
}

[[nodiscard]] std::string path_of(const std::string& where) {
    if (is_number(where)) {
        return "/proc/" + where + "/ns/net";
    }
    return where.find('/') != std::string::npos ? where : "/run/netns/" + where;
}

[[nodiscard]] std::string reason(const std::string& where, int error) {
    const std::string begin = "The network namespace " + where + " cannot be entered: ";
    const std::string path = path_of(where);
    switch (error) {
        case ENOENT:
            return begin + (is_number(where) ? "there is no process of that number."
                                             : path +
                                                   " is not there. `ip netns list` shows those "
                                                   "with a name; for a container give the number "
                                                   "of one of its processes.");
        case EACCES:
        case EPERM:
            return begin +
                   "that is not permitted. It needs CAP_SYS_ADMIN, or a user namespace of "
                   "your own that it belongs to. Run ghostpeer as root.";
        case EINVAL:
        case ENOTTY: return begin + path + " is no network namespace.";
        default: return begin + std::strerror(error) + ".";
    }
}

/// The errno; 0: this process is there now.
[[nodiscard]] int enter(const std::string& where) {
    const FileDescriptor network(
        open(path_of(where).c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!network) {
        return errno;
    }
    if (setns(network.get(), CLONE_NEWNET) == 0) {
        return 0;
    }
    if (errno != EPERM) {
        return errno;
    }
    // Whose user namespace it is may be the caller's own, where the caller has every capability.
    const FileDescriptor owner(ioctl(network.get(), NS_GET_USERNS));
    if (!owner || setns(owner.get(), CLONE_NEWUSER) != 0 ||
        setns(network.get(), CLONE_NEWNET) != 0) {
        return EPERM;
    }
    return 0;
}

void send_result(int channel, char verdict, const std::string& text,
                 const std::vector<FileDescriptor>& descriptors) {
    std::string bytes = verdict + text;
    bytes.resize(std::min(bytes.size(), most_bytes + 1));
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    PassedDescriptors<most_descriptors> passed;
    passed.attach(message, descriptors);
    (void)sendmsg(channel, &message, MSG_NOSIGNAL);
}

[[noreturn]] void work_there(int channel, const std::string& where,
                             const std::function<tl::expected<Opened, Error>()>& open) {
    if (const int error = enter(where); error != 0) {
        send_result(channel, error == EPERM || error == EACCES ? forbidden : bad,
                    reason(where, error), {});
        _exit(1);
    }
    const auto opened = open();
    if (opened &&
        (opened->descriptors.size() > most_descriptors || opened->facts.size() > most_bytes)) {
        send_result(channel, bad,
                    "With --netns a peer can have " + std::to_string(most_descriptors) +
                        " sockets, but this one needs " +
                        std::to_string(opened->descriptors.size()) +
                        ". Name fewer addresses and ports, or let several share them.",
                    {});
    } else if (opened) {
        send_result(channel, good, opened->facts, opened->descriptors);
    } else {
        send_result(channel, opened.error().kind == Error::Kind::not_permitted ? forbidden : bad,
                    opened.error().message, {});
    }
    _exit(opened ? 0 : 1);
}

[[nodiscard]] tl::expected<Opened, Error> receive_result(int channel) {
    std::string bytes(most_bytes + 1, '\0');
    iovec part{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    PassedDescriptors<most_descriptors> passed;
    passed.expect(message);
    ssize_t got = 0;
    do {
        got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return failed("The process that ghostpeer sent into the network namespace has died.");
    }
    Opened opened;
    passed.take(message, opened.descriptors);
    const char verdict = bytes.front();
    opened.facts = bytes.substr(1, static_cast<std::size_t>(got) - 1);
    if (verdict == good) {
        return opened;
    }
    return tl::unexpected(
        Error{verdict == forbidden ? Error::Kind::not_permitted : Error::Kind::failed,
              std::move(opened.facts)});
}

}  // namespace

tl::expected<Opened, Error> open_in_namespace(
    const std::string& where, const std::function<tl::expected<Opened, Error>()>& open) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return failed(std::string("ghostpeer could not make a socket pair: ") + strerror(errno) +
                      ".");
    }
    const FileDescriptor here(ends[0]);
    FileDescriptor there(ends[1]);
    const pid_t child = fork();
    if (child < 0) {
        return failed(std::string("ghostpeer could not start a process: ") + strerror(errno) + ".");
    }
    if (child == 0) {
        work_there(there.get(), where, open);
    }
    there.reset();
    auto opened = receive_result(here.get());
    while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    return opened;
}

}  // namespace ghostpeer::sandbox
