#include "syscalls/strace.hpp"

#include "posix/file_descriptor.hpp"
#include "posix/find_program.hpp"
#include "posix/trial.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

namespace ghostpeer::syscalls {
namespace {

/// -DDD: the tracer is no parent, child or group member of COMMAND's, which stays whose child it
/// was. Of signals nobody reads more than the last, which ended a thread: strace tells that of
/// those alone that it tells at all, and some that end nobody are many.
[[nodiscard]] std::vector<std::string> command_line(const std::string& strace,
                                                    const Selection& selection, bool filter) {
    std::vector<std::string> line{strace,
                                  "-DDD",
                                  "-f",
                                  "-q",
                                  "-yy",
                                  "--absolute-timestamps=format:unix,precision:ns",
                                  "--syscall-times=ns",
                                  "-e",
                                  "signal=!chld,cont,urg,winch",
                                  "-e",
                                  "trace=" + selection.trace()};
    if (filter) {
        line.emplace_back("--seccomp-bpf");
    }
    return line;
}

[[nodiscard]] Trial attempt(std::vector<std::string> line,
                            const std::vector<std::string>& nothing) {
    const FileDescriptor self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (!self) {
        return {false, std::string("strace: ") + std::strerror(errno)};
    }
    line.insert(line.end(), {"-o", "/dev/null", "--", fmt::format("/proc/self/fd/{}", self.get())});
    line.insert(line.end(), nothing.begin(), nothing.end());
    constexpr std::chrono::seconds limit{10};
    const auto path = line.front();
    return try_program(path, std::move(line), limit, self.get());
}

/// Without `strace: ` and line end.
[[nodiscard]] std::string last_line(std::string_view text) {
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    text.remove_prefix(text.rfind('\n') + 1);  // npos + 1 is 0
    constexpr std::string_view name = "strace: ";
    if (const auto at = text.find(name); at != std::string_view::npos) {
        text.remove_prefix(at + name.size());
    }
    return text.empty() ? "it says nothing" : std::string(text);
}

[[nodiscard]] int yama_scope() {
    std::ifstream file("/proc/sys/kernel/yama/ptrace_scope");
    int scope = 0;
    return file >> scope ? scope : 0;
}

[[nodiscard]] std::string explain_refusal(const std::string& said) {
    std::string text = "--syscalls needs strace, and strace may not trace here: " + said + ". ";
    constexpr int admin_only = 2;
    if (const int scope = yama_scope(); scope >= admin_only) {
        return text + fmt::format("The setting kernel.yama.ptrace_scope of this machine is {}: {}",
                                  scope,
                                  scope == admin_only
                                      ? "run ghostpeer as root, or set it to 1 "
                                        "('sysctl kernel.yama.ptrace_scope=1')."
                                      : "nobody may trace until the machine is started with "
                                        "another one.");
    }
    return text +
           "In a container, start it with '--cap-add SYS_PTRACE', or with a seccomp profile that "
           "allows ptrace(2); a process that is traced itself (by a debugger, by another strace) "
           "cannot trace.";
}

}  // namespace

tl::expected<std::vector<std::string>, std::string> find_strace(
    const Selection& selection, const std::vector<std::string>& nothing) {
    const std::string strace = find_program("strace");
    if (strace.empty()) {
        return tl::make_unexpected(std::string(
            "--syscalls needs strace, which is not in PATH. Install it (Debian, Ubuntu: 'apt-get "
            "install strace'), or leave --syscalls out."));
    }
    Trial trial;
    // Calls that are not shown need not stop in the tracer: where all are, there is nothing to
    // filter, and some kernels have no filters.
    for (const bool filter : {true, false}) {
        if (filter && selection.trace() == "all") {
            continue;
        }
        auto line = command_line(strace, selection, filter);
        trial = attempt(line, nothing);
        const bool complains = trial.said.find("eccomp") != std::string::npos;
        if (trial.worked && !complains) {
            return line;
        }
        if (!complains) {
            break;
        }
    }
    const std::string said = last_line(trial.said);
    if (said.starts_with("invalid") || said.find("system call") != std::string::npos) {
        return tl::make_unexpected(fmt::format(
            "--syscalls takes `network`, `all` or what strace takes behind `-e trace=`, "
            "and strace says: {}. See strace(1).",
            said));
    }
    if (said.find("unrecognized") != std::string::npos ||
        said.find("--help") != std::string::npos) {
        return tl::make_unexpected(fmt::format(
            "--syscalls needs strace 5.10 or newer, and {} is older: {}.", strace, said));
    }
    return tl::make_unexpected(explain_refusal(said));
}

}  // namespace ghostpeer::syscalls
