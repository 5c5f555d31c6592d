#include "help/doctor.hpp"

#include "event/exit_status.hpp"
#include "help/layout.hpp"
#include "posix/message.hpp"
#include "posix/trial.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::help {
namespace {

/// One thing that may work or not.
struct Question {
    const char* title;
    const char* what;
    std::vector<std::string> options;
};

constexpr std::size_t title_width = 18;

[[nodiscard]] Trial try_run(std::vector<std::string> options) {
    std::vector<std::string> line{"ghostpeer", "run", "-q", "--control", "off"};
    line.insert(line.end(), options.begin(), options.end());
    line.insert(line.end(), {"healthy", "--", "true"});
    constexpr std::chrono::seconds limit{60};
    return try_program("/proc/self/exe", std::move(line), limit);
}

/// What was said, without the program's name, in one line.
[[nodiscard]] std::string reason_of(std::string_view said) {
    constexpr std::string_view name = "ghostpeer: ";
    if (said.substr(0, name.size()) == name) {
        said.remove_prefix(name.size());
    }
    std::string reason(said.substr(0, said.find_last_not_of('\n') + 1));
    for (char& c : reason) {
        c = c == '\n' ? ' ' : c;
    }
    return reason.empty() ? "it ended without a word" : reason;
}

[[nodiscard]] bool say(const char* title, const std::string& text) {
    const auto column = title_width + 2;
    const auto columns = terminal_width();
    return print_output(fmt::format("{:<{}}  {}\n", title, title_width,
                                    fold(text, column, column, columns == 0 ? 100 : columns)));
}

[[nodiscard]] std::string about_machine() {
    utsname names{};
    std::string kernel = "an unknown kernel";
    if (uname(&names) == 0) {
        kernel = fmt::format("{} {}, {}", names.sysname, names.release, names.machine);
    }
    return fmt::format("{}; user {}{}", kernel, geteuid(), geteuid() == 0 ? " (root)" : "");
}

[[nodiscard]] std::string about_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return "they could not be asked for";
    }
    return fmt::format(
        "{} descriptors, {} at most ('ulimit -n'): COMMAND's own sockets and those of relayed "
        "connections are of them; connections that the peer itself plays are not",
        limit.rlim_cur, limit.rlim_max);
}

}  // namespace

int doctor() {
    const std::array questions{
        Question{"run", "COMMAND in a private network, and the peer on the other side", {}},
        Question{"--link tun", "by a TUN device, the fastest", {"--link", "tun"}},
        Question{"--link ethernet", "by a veth pair", {"--link", "ethernet"}},
        Question{"--link loopback", "by 127.0.0.1 and ::1", {"--link", "loopback"}},
        Question{"--syscalls", "COMMAND's system calls, by strace", {"--syscalls"}},
        Question{"--warp", "in virtual time, on a kernel of its own", {"--warp"}},
    };
    bool written = say("this machine", about_machine());
    bool runs = false;
    for (const Question& question : questions) {
        const auto trial = try_run(question.options);
        const bool link = question.options.empty() || question.options.front() == "--link";
        runs = runs || (link && trial.worked);
        const std::string way = trial.said.empty() ? "" : "; " + reason_of(trial.said);
        written = say(question.title, trial.worked
                                          ? fmt::format("works: {}{}", question.what, way)
                                          : fmt::format("not here: {}", reason_of(trial.said))) &&
                  written;
    }
    written = say("limits", about_descriptors()) && written;
    return written && runs ? exit_success : exit_cannot;
}

}  // namespace ghostpeer::help
