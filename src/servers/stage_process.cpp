#include "servers/stage_process.hpp"

#include "sandbox/diagnosis.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/network.hpp"
#include "sandbox/sysctls.hpp"
#include "servers/opening.hpp"
#include "servers/program.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
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
#include <map>
#include <sstream>
#include <utility>

namespace ghostpeer::servers {
namespace {

using sandbox::Error;
using Type = StageMessage::Type;

/// The first process of a PID namespace ignores every signal at its default. SIGCHLD comes through
/// a signalfd.
void reset_signals() {
    for (int number = 1; number < NSIG; ++number) {
        signal(number, SIG_DFL);
    }
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
}

/// Nobody who waits for the end of ghostpeer's output, or of a connection of its own, waits for
/// this process. What is left are the standard descriptors, which lead nowhere, and the channel.
void keep_nothing_but(FileDescriptor& channel) {
    constexpr int place = STDERR_FILENO + 1;
    if (channel.get() != place && dup3(channel.get(), place, O_CLOEXEC) == place) {
        channel = FileDescriptor(place);
    }
    close_range(place + 1, UINT_MAX, 0);
    const FileDescriptor nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        dup2(nothing.get(), fd);
    }
}

[[nodiscard]] tl::expected<void, Error> prepare(const Cast& cast, bool user_namespace) {
    const bool private_mounts = sandbox::isolate_mounts();
    if (cast.own_network) {
        if (const auto done = sandbox::bring_up_loopback(); !done) {
            const int error = done.error().error;
            if (error == EPERM || error == EACCES) {
                return tl::unexpected(sandbox::explain(sandbox::collect_facts(
                    sandbox::NamespaceFacts::Step::use, error, user_namespace)));
            }
            return sandbox::failed(sandbox::netlink::sentence(done.error()));
        }
        // The network is the servers' own: an ordinary user's may have port 80 in it.
        static_cast<void>(sandbox::write_sysctls({{"net.ipv4.ip_unprivileged_port_start", "0"}}));
    }
    return cast.servers.empty() ? tl::expected<void, Error>() : make_room(private_mounts);
}

/// The processes of connections.
class Processes {
  public:
    Processes(const FileDescriptor& channel, const Cast& cast) : channel_(channel), cast_(cast) {}

    void start(const StageMessage& order);
    void signal(const StageMessage& order);
    /// True: it was one of these.
    bool ended(pid_t pid, int status);

  private:
    struct Process {
        pid_t group = 0;
        bool gone = false;  ///< its first process, whose number the group has
    };

    const FileDescriptor& channel_;
    const Cast& cast_;
    std::map<std::uint64_t, Process> processes_;
};

void Processes::start(const StageMessage& order) {
    StageMessage answer;
    answer.type = Type::started;
    answer.token = order.token;
    std::array<int, 2> stream{-1, -1};
    std::array<int, 2> errors{-1, -1};
    if (order.index >= cast_.commands.size()) {
        answer.value = EINVAL;
    } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream.data()) != 0 ||
               pipe2(errors.data(), O_CLOEXEC) != 0) {
        answer.value = errno;
    }
    const FileDescriptor inside(stream[1]);
    const FileDescriptor writer(errors[1]);
    answer.descriptors.emplace_back(stream[0]);
    answer.descriptors.emplace_back(errors[0]);
    if (answer.value == 0) {
        Program program{cast_.commands[order.index], {}};
        std::istringstream lines(order.text);
        for (std::string line; std::getline(lines, line);) {
            program.environment.push_back(line);
        }
        program.input = inside.get();
        program.output = inside.get();
        program.errors = writer.get();
        const auto pid = start_program(program);
        answer.value = pid ? 0 : pid.error();
        if (pid) {
            processes_[order.token] = {*pid, false};
            for (const FileDescriptor& end : answer.descriptors) {
                fcntl(end.get(), F_SETFL, O_NONBLOCK);
            }
        }
    }
    if (answer.value != 0) {
        answer.descriptors.clear();
    }
    send_stage_message(channel_, answer);
}

void Processes::signal(const StageMessage& order) {
    const auto found = processes_.find(order.token);
    if (found == processes_.end()) {
        return;
    }
    // The number of a group is nobody else's while one of it lives; and this process starts no
    // other of that number without taking note of it.
    kill(-found->second.group, order.value);
    if (order.value == SIGTERM) {
        kill(-found->second.group, SIGCONT);
    }
    if (order.value == SIGKILL) {
        processes_.erase(found);
    }
}

bool Processes::ended(pid_t pid, int status) {
    const auto found = std::find_if(processes_.begin(), processes_.end(), [pid](const auto& one) {
        return one.second.group == pid && !one.second.gone;
    });
    if (found == processes_.end()) {
        return false;
    }
    found->second.gone = true;
    StageMessage news;
    news.type = Type::ended;
    news.token = found->first;
    news.value = status;
    send_stage_message(channel_, news);
    return true;
}

void open_socket(const FileDescriptor& channel, const StageMessage& order) {
    StageMessage answer;
    answer.type = Type::opened;
    answer.token = order.token;
    const int fd = socket(order.value, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    answer.value = fd < 0 ? errno : 0;
    if (fd >= 0) {
        answer.descriptors.emplace_back(fd);
    }
    send_stage_message(channel, answer);
}

/// SIGKILL for all, and none is left when this returns.
void end_all() {
    kill(-1, SIGKILL);
    while (waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
    }
}

void reap(Processes& processes, Opening& opening) {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (!processes.ended(pid, status)) {
            opening.ended(pid, status);
        }
    }
}

/// False: it is time to end.
[[nodiscard]] bool obey(const FileDescriptor& channel, Processes& processes) {
    StageMessage order;
    switch (receive_stage_message(channel, order, false)) {
        case Heard::nothing_yet: return true;
        case Heard::closed: return false;
        case Heard::message: break;
    }
    switch (order.type) {
        case Type::start: processes.start(order); return true;
        case Type::signal: processes.signal(order); return true;
        case Type::open: open_socket(channel, order); return true;
        default: return false;
    }
}

void live(FileDescriptor& channel, const Cast& cast, bool user_namespace) {
    reset_signals();
    keep_nothing_but(channel);
    StageMessage first;
    if (receive_stage_message(channel, first, true) != Heard::message ||
        first.type != Type::proceed) {
        return;
    }
    // Set only now: it is cleared when the user namespace changes the credentials. If ghostpeer
    // ended before this line, the channel tells.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, stage_name);

    const auto fail = [&](const Error& error) {
        StageMessage message;
        message.type = Type::failed;
        message.value = static_cast<std::int32_t>(error.kind);
        message.text = error.message;
        send_stage_message(channel, message);
    };
    if (const auto prepared = prepare(cast, user_namespace); !prepared) {
        fail(prepared.error());
        return;
    }
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    const FileDescriptor children(signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK));
    Opening opening(channel, cast);
    if (const auto opened = opening.open(children); !opened) {
        fail(opened.error());
        end_all();
        return;
    }
    StageMessage begun;
    begun.type = Type::begun;
    send_stage_message(channel, begun);

    Processes processes(channel, cast);
    while (true) {
        std::vector<pollfd> ready{{channel.get(), POLLIN, 0}, {children.get(), POLLIN, 0}};
        opening.watch(ready);
        if (poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        opening.read_outputs();
        if (ready[1].revents != 0) {
            signalfd_siginfo info{};
            [[maybe_unused]] const auto size = read(children.get(), &info, sizeof info);
            reap(processes, opening);
        }
        if (ready[0].revents != 0 && !obey(channel, processes)) {
            end_all();
            return;
        }
    }
}

}  // namespace

void run_stage(FileDescriptor channel, const Cast& cast, bool user_namespace) {
    try {
        live(channel, cast, user_namespace);
    } catch (...) {
        // Out of memory: ghostpeer sees that the channel is closed.
    }
    _exit(0);
}

}  // namespace ghostpeer::servers
