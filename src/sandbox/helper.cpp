#include "sandbox/helper.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "sandbox/command.hpp"
#include "sandbox/control_channel.hpp"
#include "sandbox/diagnosis.hpp"
#include "sandbox/name_service.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/network.hpp"
#include "sandbox/sysctls.hpp"
#include "sandbox/traced_start.hpp"

namespace ghostpeer::sandbox {

namespace {

// The first process of a PID namespace ignores every signal at its default, from the terminal
// too; handlers that the caller has installed must go. SIGCHLD comes through a signalfd.
void reset_signals() {
    for (int number = 1; number < NSIG; ++number) {
        signal(number, SIG_DFL);
    }
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
}

struct Prepared {
    LinkEnd link;
    std::array<FileDescriptor, 2> diag;
    FileDescriptor netstat;
    CoveredFiles covered;
    std::optional<std::string> shared_files{};  ///< unset: COMMAND's own are not made yet
};

tl::expected<Prepared, Error> prepare_namespaces(Spec& spec, bool user_namespace) {
    const bool private_mounts = isolate_mounts();
    if (const auto done = bring_up_loopback(); !done) {
        const int error = done.error().error;
        if (error == EPERM || error == EACCES) {
            return tl::unexpected(
                explain(collect_facts(NamespaceFacts::Step::use, error, user_namespace)));
        }
        return tl::unexpected(Error{Error::Kind::failed, netlink::sentence(done.error())});
    }

    auto link = spec.open_link();
    if (!link) {
        return tl::unexpected(std::move(link.error()));
    }
    Prepared prepared{std::move(*link), {}, {}, {}};
    if (const auto done = configure_interface(prepared.link, spec.mtu); !done) {
        return tl::unexpected(done.error());
    }
    // Else closing a TUN descriptor removes the device and waits for an rcu_barrier(), some 15 ms
    // (unregister_netdevice()); the namespace removes its devices in the background. ENOTTY and
    // no harm on other links.
    ioctl(prepared.link.fd.get(), TUNSETPERSIST, 1);

    // The network is COMMAND's own, so an ordinary user's server may have port 80 in it. Where
    // /proc/sys is read-only, as in containers, it stays as it is.
    static_cast<void>(write_sysctls({{"net.ipv4.ip_unprivileged_port_start", "0"}}));
    if (const auto done = write_sysctls(spec.sysctls); !done) {
        return tl::unexpected(done.error());
    }
    if (!private_mounts || needs_name_files(spec)) {
        auto shared = private_mounts ? install_name_files(spec, prepared.covered)
                                     : do_without_name_files(spec);
        if (!shared) {
            return tl::unexpected(std::move(shared.error()));
        }
        prepared.shared_files = std::move(*shared);
    }
    for (FileDescriptor& diag : prepared.diag) {
        diag = FileDescriptor(
            socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
    }
    prepared.netstat = FileDescriptor(open("/proc/self/net/netstat", O_RDONLY | O_CLOEXEC));
    return prepared;
}

tl::expected<Prepared, Error> prepare_without_exceptions(Spec& spec, bool user_namespace) {
    try {
        return prepare_namespaces(spec, user_namespace);
    } catch (const std::exception& problem) {
        return tl::unexpected(
            Error{Error::Kind::failed, "ghostpeer could not prepare the program's namespaces: " +
                                           std::string(problem.what()) + ". This is a bug."});
    }
}

bool report(const FileDescriptor& control, tl::expected<Prepared, Error>& prepared) {
    Message message;
    if (!prepared) {
        message.type = Message::Type::failed;
        message.value = static_cast<std::int32_t>(prepared.error().kind);
        message.text = std::move(prepared.error().message);
        send_message(control, message);
        return false;
    }
    message.type = Message::Type::ready;
    message.ethernet = prepared->link.gateway_mac.has_value();
    message.mac = prepared->link.gateway_mac.value_or(MacAddress{});
    message.text = prepared->link.interface;
    message.remark = std::move(prepared->link.remark);
    message.value = static_cast<std::int32_t>(1 + prepared->link.companions.size());
    message.descriptors.push_back(std::move(prepared->link.fd));
    for (FileDescriptor& companion : prepared->link.companions) {
        message.descriptors.push_back(std::move(companion));
    }
    if (prepared->diag[0] && prepared->diag[1]) {
        for (FileDescriptor& diag : prepared->diag) {
            message.descriptors.push_back(std::move(diag));
        }
        if (prepared->netstat) {
            message.descriptors.push_back(std::move(prepared->netstat));
        }
    }
    return send_message(control, message);
}

// The PID of COMMAND, or the errno of what failed.
tl::expected<pid_t, int> start_command(const Spec& spec) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return tl::unexpected(errno);
    }
    const FileDescriptor reader(ends[0]);
    FileDescriptor writer(ends[1]);
    // A traced child has one more step to go.
    std::pair<FileDescriptor, FileDescriptor> steps;
    if (spec.tracer) {
        auto channel = open_channel();
        if (!channel) {
            return tl::unexpected(channel.error());
        }
        steps = std::move(*channel);
    }
    // A copy of the page tables would be thrown away at once. The child shares this process's
    // memory, which waits: what it changes there (the environment) is nobody else's.
    const pid_t pid = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
    if (pid < 0) {
        return tl::unexpected(errno);
    }
    if (pid == 0) {
        const int error = execute(spec, steps.second.get());
        [[maybe_unused]] const auto sent = write(writer.get(), &error, sizeof error);
        _exit(127);
    }
    writer.reset();
    steps.second.reset();
    std::optional<int> error = read_report(reader);
    if (spec.tracer) {
        error = error ? std::optional(tracer_failed) : await_traced_start(steps.first);
    }
    if (error) {
        waitpid(pid, nullptr, 0);
        return tl::unexpected(*error);
    }
    return pid;
}

// None of those that the kernel gives COMMAND's connections, which would have one less, and one
// that programs listen at where their users say so.
bool bind_door(const FileDescriptor& door, sockaddr_in& address) {
    unsigned first = 32'768;
    unsigned last = 60'999;
    std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> first >> last;
    constexpr unsigned highest = 64'999;
    constexpr unsigned lowest = 10'000;
    for (unsigned port = highest; port >= lowest; --port) {
        if (port >= first && port <= last) {
            port = std::max(first, lowest);
            continue;
        }
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        if (bind(door.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
            return true;
        }
        if (errno != EADDRINUSE) {
            break;
        }
    }
    address.sin_port = 0;
    return bind(door.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

// Whoever gets there is in COMMAND's network. Empty: there can be none, and COMMAND does without.
FileDescriptor open_door(Spec& spec) {
    FileDescriptor door(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    constexpr int clients_waiting = 64;
    if (!door || !bind_door(door, address) || listen(door.get(), clients_waiting) != 0 ||
        getsockname(door.get(), any, &size) != 0) {
        return {};
    }
    spec.environment.emplace_back(spec.door_variable,
                                  "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
    return door;
}

// COMMAND has them now; a reader waiting for the end of COMMAND's output must not wait for us.
void close_all_but(std::vector<int> kept) {
    std::sort(kept.begin(), kept.end());
    unsigned first = 0;
    for (const int fd : kept) {
        const auto next = static_cast<unsigned>(fd);
        if (next > first) {
            close_range(first, next - 1, 0);
        }
        first = next + 1;
    }
    close_range(first, UINT_MAX, 0);
}

/// False, with errno, where COMMAND's end cannot be told.
bool reap(const FileDescriptor& control, pid_t& command) {
    int status = 0;
    while (true) {
        const pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended <= 0) {
            return ended == 0 || command < 0;
        }
        if (ended == command) {
            command = -1;
            Message message;
            message.type = Message::Type::exited;
            message.value = status;
            if (!send_message(control, message)) {
                return false;
            }
        }
    }
}

void set_interface_and_answer(const LinkEnd& link, std::uint16_t mtu, const Message& request) {
    if (request.descriptors.empty()) {
        return;
    }
    const auto done = set_interface(link, mtu, static_cast<InterfaceState>(request.value));
    Message answer;
    answer.type = Message::Type::interface_set;
    answer.text = done ? std::string() : done.error().message;
    send_message(request.descriptors.front(), answer);
}

/// Until ghostpeer is gone: 0; else the errno of what it cannot do without.
int supervise(const FileDescriptor& control, const FileDescriptor& children, pid_t command,
              const LinkEnd& link, std::uint16_t mtu) {
    std::array<pollfd, 2> events{{{control.get(), POLLIN, 0}, {children.get(), POLLIN, 0}}};
    while (true) {
        if (poll(events.data(), events.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        if (events[1].revents != 0) {
            signalfd_siginfo info{};
            [[maybe_unused]] const auto size = read(children.get(), &info, sizeof info);
            if (!reap(control, command)) {
                return errno;
            }
        }
        if (events[0].revents == 0) {
            continue;
        }
        const auto message = receive_message(control, false);
        if (!message) {
            if (message.error() == NoMessage::nothing_yet) {
                continue;
            }
            return message.error() == NoMessage::closed ? 0 : errno;
        }
        if (message->type == Message::Type::signal && command > 0) {
            kill(command, message->value);
        } else if (message->type == Message::Type::signal_all) {
            kill(-1, message->value);
        } else if (message->type == Message::Type::interface) {
            set_interface_and_answer(link, mtu, *message);
        }
    }
}

int why(const tl::expected<Message, NoMessage>& nothing) {
    return !nothing && nothing.error() == NoMessage::failed ? errno : 0;
}

/// 0, or the errno of why nobody was told why it is over.
int live(const FileDescriptor& control, Spec& spec, bool user_namespace) {
    // Somebody may stop this process before it gets on; ghostpeer's end is the end of it all the
    // same.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    reset_signals();
    const auto proceed = receive_message(control);
    if (!proceed || proceed->type != Message::Type::proceed) {
        return why(proceed);
    }
    // Once more: it is cleared when the user namespace changes the credentials. If ghostpeer ended
    // before this line, `control` tells.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "ghostpeer-init");

    auto prepared = prepare_without_exceptions(spec, user_namespace);
    if (!report(control, prepared)) {
        return prepared ? errno : 0;
    }
    if (!prepared->shared_files) {
        // Only now, while ghostpeer prepares itself.
        prepared->shared_files = install_name_files(spec, prepared->covered).value_or("");
    }
    if (!prepared->covered.show_folder()) {
        return errno;
    }
    const auto launch = receive_message(control);
    if (!launch || launch->type != Message::Type::launch) {
        return why(launch);
    }

    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    const FileDescriptor children(signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK));
    Message launched;
    launched.type = Message::Type::launched;
    launched.remark = std::move(*prepared->shared_files);
    if (!children) {
        launched.value = errno;
        return send_message(control, launched) ? 0 : errno;
    }
    if (!spec.door_variable.empty()) {
        if (FileDescriptor door = open_door(spec)) {
            launched.descriptors.push_back(std::move(door));
        }
    }
    const auto command = start_command(spec);
    launched.value = command ? 0 : command.error();
    if (!send_message(control, launched)) {
        return errno;
    }
    if (!command) {
        return 0;
    }
    std::vector<int> kept{control.get(), children.get()};
    for (const FileDescriptor& held : prepared->link.held) {
        kept.push_back(held.get());
    }
    close_all_but(std::move(kept));
    return supervise(control, children, *command, prepared->link, spec.mtu);
}

}  // namespace

void run_helper(FileDescriptor control, Spec& spec, bool user_namespace) {
    int error = 0;
    try {
        error = live(control, spec, user_namespace);
    } catch (...) {
        error = ENOMEM;
    }
    _exit(error);  // ghostpeer sees that the channel is closed, and asks for it
}

}  // namespace ghostpeer::sandbox
