#include "sandbox/command.hpp"

#include <linux/close_range.h>
#include <unistd.h>
#include <sstream>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "sandbox/traced_start.hpp"

namespace ghostpeer::sandbox {

namespace {

// Nothing that any room or library opened without O_CLOEXEC leaks into COMMAND, and what the
// caller's shell passed on stays.
void close_on_exec_all_but(const std::vector<int>& kept) {
    unsigned first = 3;
    for (const int fd : kept) {
        const auto keep = static_cast<unsigned>(fd);
        if (keep > first) {
            close_range(first, keep - 1, CLOSE_RANGE_CLOEXEC);
        }
        first = keep + 1;
    }
    close_range(first, UINT_MAX, CLOSE_RANGE_CLOEXEC);
}

/// The helper has set every signal to its default.
void restore_signals(const Inheritance* inheritance) {
    for (int number = 1; number < NSIG; ++number) {
        if (inheritance != nullptr && sigismember(&inheritance->ignored, number) == 1) {
            signal(number, SIG_IGN);
        }
    }
    sigset_t blocked;
    sigemptyset(&blocked);
    sigprocmask(SIG_SETMASK, inheritance != nullptr ? &inheritance->blocked : &blocked, nullptr);
}

/// Is there such a file in a folder of PATH (or at the path that it is)?
bool stands_in_path(const std::string& program) {
    const char* path = getenv("PATH");
    if (program.find('/') != std::string::npos || path == nullptr) {
        return true;
    }
    std::istringstream folders(path);
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (access(((folder.empty() ? "." : folder) + '/' + program).c_str(), F_OK) == 0) {
            return true;
        }
    }
    return false;
}

}  // namespace

std::optional<int> read_report(const FileDescriptor& reader) {
    int error = 0;
    ssize_t size = 0;
    do {
        size = read(reader.get(), &error, sizeof error);
    } while (size < 0 && errno == EINTR);
    return size == static_cast<ssize_t>(sizeof error) ? std::optional(error) : std::nullopt;
}

int execute_program(char* const* arguments) {
    execvp(arguments[0], arguments);
    const int error = errno;
    // execvp() says EACCES as well where a folder of PATH may not be searched.
    return error == EACCES && !stands_in_path(arguments[0]) ? ENOENT : error;
}

int execute(const Spec& spec, int report) {
    const Inheritance* inheritance = spec.inheritance ? &*spec.inheritance : nullptr;
    for (const std::string& name : spec.unset) {
        unsetenv(name.c_str());
    }
    for (const auto& [name, value] : spec.environment) {
        setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char*> arguments;
    for (const std::string& argument : spec.command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    for (std::size_t i = 0; i < spec.output.size(); ++i) {
        const int end = spec.output.at(i);
        if (end >= 0 && dup2(end, i == 0 ? STDOUT_FILENO : STDERR_FILENO) < 0) {
            return errno;
        }
    }
    if (inheritance != nullptr) {
        close_on_exec_all_but(inheritance->descriptors);
    }
    restore_signals(inheritance);
    return spec.tracer ? execute_traced(spec, report) : execute_program(arguments.data());
}

Error explain_execution(const std::string& program, int error, bool present) {
    if (error == tracer_failed) {
        return {Error::Kind::failed,
                "strace was to start '" + program +
                    "' and did not come so far, or does not trace it. What it says of that is "
                    "above; leave --syscalls out to run without it."};
    }
    const std::string what = "ghostpeer could not run '" + program + "': ";
    switch (error) {
        case ENOENT:
            if (present) {
                return {Error::Kind::not_found,
                        what +
                            "the file is there, but the interpreter that its first line names, "
                            "or its dynamic loader, is not. Correct that line or install it."};
            }
            if (program.find(' ') != std::string::npos) {
                return {Error::Kind::not_found,
                        what +
                            "no program has this name. If it is a whole command line, leave the "
                            "quotes out: '-- " +
                            program + "'; or let a shell read it: -- sh -c '…'."};
            }
            return {Error::Kind::not_found,
                    what + (program.find('/') == std::string::npos
                                ? "no such program in PATH. Check the spelling, or give its path "
                                  "('./" +
                                      program + "')."
                                : "there is no such file. Check the path.")};
        case EACCES:
            return {Error::Kind::not_executable,
                    what +
                        "permission denied. Make it executable ('chmod +x') if it is a program, "
                        "and check the permissions of its directories and that its file system "
                        "is not mounted 'noexec'."};
        case ENOEXEC:
            return {Error::Kind::not_executable,
                    what + "it is no program for this kind of machine. Check with 'file'."};
        case ETXTBSY:
            return {Error::Kind::not_executable,
                    what + "somebody is writing to it. Try again when that is done."};
        case E2BIG:
            return {Error::Kind::not_executable,
                    what + "its arguments and environment are too long. Pass less."};
        default: return {Error::Kind::not_executable, what + strerror(error) + "."};
    }
}

}  // namespace ghostpeer::sandbox
