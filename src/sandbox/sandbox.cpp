#include "sandbox/sandbox.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "posix/companion.hpp"
#include "sandbox/command.hpp"
#include "sandbox/control_channel.hpp"
#include "sandbox/diagnosis.hpp"
#include "sandbox/helper.hpp"
#include "sandbox/hosts.hpp"
#include "sandbox/namespaces.hpp"
#include "sandbox/sysctls.hpp"

namespace ghostpeer::sandbox {

namespace {

constexpr std::uint16_t ipv4_minimum_mtu = 68;  // RFC 791 section 3.2

tl::expected<void, Error> check(const Spec& spec) {
    if (spec.command.empty() || spec.command.front().empty()) {
        return failed("There is no program to run. Give it after '--'.");
    }
    if (!spec.open_link) {
        return failed("The sandbox was given no link to open. This is a bug.");
    }
    if (spec.mtu < ipv4_minimum_mtu) {
        return failed("An MTU of " + std::to_string(spec.mtu) +
                      " is too small for IPv4. Use 68 or more.");
    }
    if (std::string problem = check_hosts(spec.hosts); !problem.empty()) {
        return failed(std::move(problem));
    }
    for (const auto& [name, value] : spec.sysctls) {
        if (const auto path = sysctl_path(name); !path) {
            return failed(path.error());
        }
    }
    return {};
}

std::string file_limit() {
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? std::to_string(limit.rlim_cur) : "unknown";
}

// The helper goes with the sandbox.
tl::unexpected<Error> out_of_reach(int error) {
    return failed(
        "ghostpeer cannot speak with the helper process that prepares the program's namespaces: " +
        std::string(strerror(error)) + ".");
}

bool lost_touch(const tl::expected<Message, NoMessage>& answer) {
    return !answer && answer.error() == NoMessage::failed;
}

// The maps of a process that is being killed cannot be written either; its end of the channel is
// closed a moment later.
bool is_closed_soon(const FileDescriptor& channel) {
    pollfd event{channel.get(), POLLIN, 0};
    return poll(&event, 1, 100) > 0;
}

}  // namespace

Sandbox::Sandbox(Sandbox&& other) noexcept
    : helper_(std::exchange(other.helper_, -1)),
      control_(std::move(other.control_)),
      link_(std::move(other.link_)),
      diag_(std::move(other.diag_)),
      listen_diag_(std::move(other.listen_diag_)),
      netstat_(std::move(other.netstat_)),
      door_(std::move(other.door_)),
      command_(std::move(other.command_)),
      shared_files_(std::move(other.shared_files_)),
      exit_(other.exit_) {}

Sandbox& Sandbox::operator=(Sandbox&& other) noexcept {
    if (this != &other) {
        kill();
        helper_ = std::exchange(other.helper_, -1);
        control_ = std::move(other.control_);
        link_ = std::move(other.link_);
        diag_ = std::move(other.diag_);
        listen_diag_ = std::move(other.listen_diag_);
        netstat_ = std::move(other.netstat_);
        door_ = std::move(other.door_);
        command_ = std::move(other.command_);
        shared_files_ = std::move(other.shared_files_);
        exit_ = other.exit_;
    }
    return *this;
}

Sandbox::~Sandbox() { kill(); }

tl::expected<Sandbox, Error> Sandbox::prepare(Spec spec) {
    if (auto checked = check(spec); !checked) {
        return tl::unexpected(std::move(checked.error()));
    }
    reserve_standard_descriptors();
    const bool user_namespace = needs_user_namespace();
    Sandbox sandbox;
    if (auto begun = sandbox.begin_helper(spec, user_namespace); !begun) {
        return tl::unexpected(std::move(begun.error()));
    }
    sandbox.command_ = std::move(spec.command);
    if (user_namespace) {
        if (auto mapped = write_maps(sandbox.helper_); !mapped) {
            if (is_closed_soon(sandbox.control_)) {
                return tl::unexpected(sandbox.helper_died());
            }
            return tl::unexpected(std::move(mapped.error()));
        }
    }
    Message proceed;
    proceed.type = Message::Type::proceed;
    if (!send_message(sandbox.control_, proceed)) {
        const int error = errno;
        return error == EPIPE ? tl::unexpected(sandbox.helper_died()) : out_of_reach(error);
    }
    if (spec.meanwhile) {
        spec.meanwhile();
    }
    if (auto ready = sandbox.become_ready(); !ready) {
        return tl::unexpected(std::move(ready.error()));
    }
    return sandbox;
}

tl::expected<void, Error> Sandbox::begin_helper(Spec& spec, bool user_namespace) {
    auto channel = open_channel();
    if (!channel) {
        return failed("ghostpeer could not open a socket to its helper process: " +
                      std::string(strerror(channel.error())) +
                      ". If the limit on open files is reached, raise it ('ulimit -n').");
    }
    // Until the helper has reset them, the handlers of signals are this process's.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    const auto helper = clone_helper(user_namespace);
    if (!helper || *helper != 0) {
        sigprocmask(SIG_SETMASK, &before, nullptr);
    }
    if (!helper) {
        return tl::unexpected(
            explain(collect_facts(NamespaceFacts::Step::create, helper.error(), user_namespace)));
    }
    if (*helper == 0) {
        channel->first.reset();
        for (const int fd : spec.kept_outside) {
            close(fd);
        }
        run_helper(std::move(channel->second), spec, user_namespace);
    }
    helper_ = *helper;
    companion::set(helper_);
    control_ = std::move(channel->first);
    return {};
}

tl::expected<void, Error> Sandbox::become_ready() {
    auto answer = receive_message(control_);
    if (answer && answer->type == Message::Type::failed) {
        return tl::unexpected(
            Error{static_cast<Error::Kind>(answer->value), std::move(answer->text)});
    }
    if (answer && answer->cut) {
        return failed(
            "ghostpeer may not open as many files as it needs. Raise the limit ('ulimit -n'), "
            "which is " +
            file_limit() + ".");
    }
    const auto link_descriptors =
        answer ? static_cast<std::size_t>(std::max(answer->value, 0)) : std::size_t{0};
    if (!answer || answer->type != Message::Type::ready || link_descriptors == 0 ||
        answer->descriptors.size() < link_descriptors) {
        const int error = errno;
        return lost_touch(answer) ? out_of_reach(error) : tl::unexpected(helper_died());
    }
    link_.interface = std::move(answer->text);
    link_.remark = std::move(answer->remark);
    if (answer->ethernet) {
        link_.gateway_mac = answer->mac;
    }
    std::vector<FileDescriptor>& descriptors = answer->descriptors;
    link_.fd = std::move(descriptors[0]);
    for (std::size_t i = 1; i < link_descriptors; ++i) {
        link_.companions.push_back(std::move(descriptors[i]));
    }
    if (descriptors.size() >= link_descriptors + 2) {
        diag_ = std::move(descriptors[link_descriptors]);
        listen_diag_ = std::move(descriptors[link_descriptors + 1]);
        if (descriptors.size() >= link_descriptors + 3) {
            netstat_ = std::move(descriptors[link_descriptors + 2]);
        }
    }
    return {};
}

tl::expected<void, Error> Sandbox::launch() {
    Message message;
    message.type = Message::Type::launch;
    if (!send_message(control_, message)) {
        const int error = errno;
        return error == EPIPE ? tl::unexpected(helper_died()) : out_of_reach(error);
    }
    auto answer = receive_message(control_);
    if (!answer || answer->type != Message::Type::launched) {
        const int error = errno;
        return lost_touch(answer) ? out_of_reach(error) : tl::unexpected(helper_died());
    }
    shared_files_ = std::move(answer->remark);
    if (answer->value == 0) {
        if (!answer->descriptors.empty()) {
            door_ = std::move(answer->descriptors.front());
        }
        return {};
    }
    const std::string& program = command_.front();
    const bool present =
        program.find('/') != std::string::npos && access(program.c_str(), F_OK) == 0;
    return tl::unexpected(explain_execution(program, answer->value, present));
}

std::optional<ExitStatus> Sandbox::poll_exit() {
    if (exit_ || !control_) {
        return exit_;
    }
    const auto message = receive_message(control_, false);
    if (!message && message.error() == NoMessage::nothing_yet) {
        return std::nullopt;
    }
    if (message && message->type == Message::Type::exited) {
        const int status = message->value;
        exit_ = WIFSIGNALED(status)
                    ? ExitStatus{true, WTERMSIG(status), WCOREDUMP(status) != 0, false}
                    : ExitStatus{false, WEXITSTATUS(status), false, false};
    } else {
        // Where nobody has killed the helper, `value` is the errno of what it cannot do without.
        int error = lost_touch(message) ? errno : 0;
        int status = 0;
        if (error == 0 && await_helper(status)) {
            forget_helper();
            error = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
        }
        exit_ = error != 0 ? ExitStatus{false, error, false, true}
                           : ExitStatus{true, SIGKILL, false, true};
        kill_helper();
    }
    return exit_;
}

tl::expected<void, Error> Sandbox::set_interface(InterfaceState to) {
    constexpr int longest_ms = 5000;
    auto answers = open_channel();
    if (!answers) {
        return failed("ghostpeer could not open a socket to its helper process: " +
                      std::string(strerror(answers.error())) + ".");
    }
    {
        Message message;
        message.type = Message::Type::interface;
        message.value = static_cast<std::int32_t>(to);
        message.descriptors.push_back(std::move(answers->second));
        if (!send_message(control_, message)) {
            return failed("the helper process that holds the program's network cannot be told: " +
                          std::string(strerror(errno)) + ".");
        }
    }
    pollfd event{answers->first.get(), POLLIN, 0};
    static_cast<void>(poll(&event, 1, longest_ms));
    const auto answer = receive_message(answers->first, false);
    if (!answer || answer->type != Message::Type::interface_set) {
        return failed("the helper process that holds the program's network gave no answer.");
    }
    return answer->text.empty() ? tl::expected<void, Error>() : failed(answer->text);
}

void Sandbox::signal(int number) {
    Message message;
    message.type = Message::Type::signal;
    message.value = number;
    if (!send_message(control_, message)) {
        kill_helper();  // the one signal that needs no message
    }
}

void Sandbox::signal_all(int number) {
    Message message;
    message.type = Message::Type::signal_all;
    message.value = number;
    if (!send_message(control_, message)) {
        kill_helper();
    }
}

void Sandbox::forget_helper() noexcept {
    helper_ = -1;
    companion::set(0);
}

void Sandbox::kill_helper() {
    if (helper_ > 0) {
        ::kill(helper_, SIGKILL);
    }
}

bool Sandbox::kill() {
    if (helper_ <= 0) {
        return true;
    }
    // The helper ends only after the kernel has ended and reaped all others in its namespace
    // (zap_pid_ns_processes()).
    kill_helper();
    int status = 0;
    const bool gone = await_helper(status);
    forget_helper();
    return gone;
}

bool Sandbox::await_helper(int& status) const {
    constexpr int longest_ms = 300;
    constexpr int slice_ms = 5;
    // Without a descriptor to spare it is looked at every now and then.
    const FileDescriptor pidfd(static_cast<int>(syscall(SYS_pidfd_open, helper_, 0)));
    pollfd event{pidfd.get(), POLLIN, 0};
    for (int waited_ms = 0; waited_ms < longest_ms; waited_ms += slice_ms) {
        if (waitpid(helper_, &status, __WALL | WNOHANG) != 0) {
            return true;
        }
        static_cast<void>(poll(&event, 1, slice_ms));
    }
    return waitpid(helper_, &status, __WALL | WNOHANG) != 0;
}

Error Sandbox::helper_died() {
    // It may have closed the channel a moment before it ends.
    int status = 0;
    const bool ended = await_helper(status);
    kill_helper();
    forget_helper();
    if (ended && WIFEXITED(status) && WEXITSTATUS(status) != 0) {
        return {Error::Kind::failed,
                "The helper process that prepares the program's namespaces could not go on: " +
                    std::string(strerror(WEXITSTATUS(status))) + "."};
    }
    std::string how;
    if (ended && WIFSIGNALED(status)) {
        how = " by signal " + std::to_string(WTERMSIG(status));
    }
    return {Error::Kind::failed,
            "The helper process that prepares the program's namespaces was ended" + how +
                ". If nobody did that on purpose, the system may be out of memory."};
}

}  // namespace ghostpeer::sandbox
