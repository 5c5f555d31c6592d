#include "warp/kernel_log.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

#include <cstring>

namespace ghostpeer::warp {
namespace {

[[nodiscard]] std::string last_lines(std::string_view text, std::size_t count) {
    while (!text.empty() && text.back() == '\n') {
        text.remove_suffix(1);
    }
    std::size_t begin = text.size();
    for (; count > 0 && begin != std::string_view::npos; --count) {
        begin = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
    }
    return std::string(begin == std::string_view::npos ? text : text.substr(begin + 1));
}

}  // namespace

std::string explain_kernel_log(std::string_view log, int wait_status) {
    const auto says = [&](std::string_view part) {
        return log.find(part) != std::string_view::npos;
    };
    if (says("ptrace") && (says("Operation not permitted") || says("not permitted"))) {
        return "--warp needs ptrace(2), with which its kernel runs the guest's processes, and it "
               "is "
               "forbidden here: by a container's seccomp profile (docker: --security-opt "
               "seccomp=unconfined, or --cap-add SYS_PTRACE) or by kernel.yama.ptrace_scope=3. Run "
               "without --warp, or allow it.";
    }
    if (says("Out of memory") || says("deadlocked on memory")) {
        return "The guest ran out of memory: it has 1 GiB. Run without --warp, or let the program "
               "use less.\n" +
               last_lines(log, 5);
    }
    constexpr int cannot_execute = 127;
    if (log.empty() && WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == cannot_execute) {
        return "The guest's kernel cannot be executed: its file may be damaged, or lie on a file "
               "system that is mounted noexec. Build it again: ghostpeer warp remove, then "
               "ghostpeer warp build";
    }
    constexpr std::size_t shown = 15;
    std::string how = "ended before its program did";
    if (WIFSIGNALED(wait_status)) {
        how = fmt::format("was ended by signal {} ({})", WTERMSIG(wait_status),
                          strsignal(WTERMSIG(wait_status)));
    } else if (WIFEXITED(wait_status)) {
        how += fmt::format(", with status {}", WEXITSTATUS(wait_status));
    }
    std::string text = fmt::format("The guest's kernel {}.", how);
    if (!log.empty()) {
        text += " Its last words:\n" + last_lines(log, shown);
    }
    return text;
}

std::string explain_memory(std::string_view log) {
    if (log.find("Out of memory: Killed process") == std::string_view::npos) {
        return {};
    }
    return "The guest has 1 GiB of memory, which was not enough: its kernel killed a process. "
           "Run without --warp, or let the program use less.";
}

}  // namespace ghostpeer::warp
