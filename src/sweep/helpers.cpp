#include "sweep/helpers.hpp"

#include "event/exit_status.hpp"
#include "posix/message.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace ghostpeer::sweep {
namespace {

[[nodiscard]] bool send_all(int channel, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

[[nodiscard]] bool receive_all(int channel, char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t got = recv(channel, bytes, size, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        bytes += got;
        size -= static_cast<std::size_t>(got);
    }
    return true;
}

/// A step's texts, each ended by NUL, behind their length.
[[nodiscard]] std::string encode(const Step& step) {
    std::string texts;
    const auto add = [&](std::string_view text) {
        texts.append(text);
        texts += '\0';
    };
    for (const std::string* text : {&step.program, &step.folder, &step.output, &step.errors}) {
        add(*text);
    }
    for (const std::string& word : step.command) {
        add(word);
    }
    const std::uint64_t size = texts.size();
    return std::string(reinterpret_cast<const char*>(&size), sizeof size) + texts;
}

[[nodiscard]] Step decode(std::string_view texts) {
    Step step;
    step.is_run = true;
    const auto next = [&] {
        const auto end = texts.find('\0');
        std::string text(texts.substr(0, end));
        texts.remove_prefix(end + 1);
        return text;
    };
    for (std::string* text : {&step.program, &step.folder, &step.output, &step.errors}) {
        *text = next();
    }
    while (!texts.empty()) {
        step.command.push_back(next());
    }
    return step;
}

/// They are the parent's, and would tell it of signals that were not sent to it.
void drop_handlers() {
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction now {};
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN &&
            now.sa_handler != SIG_DFL) {
            ::signal(number, SIG_DFL);
        }
    }
}

}  // namespace

std::optional<Step> receive_step(int channel) {
    std::uint64_t size = 0;
    std::string texts;
    if (!receive_all(channel, reinterpret_cast<char*>(&size), sizeof size)) {
        return std::nullopt;
    }
    texts.resize(size);
    return receive_all(channel, texts.data(), texts.size()) ? std::optional(decode(texts))
                                                            : std::nullopt;
}

bool answer(int channel, int status) {
    return send_all(channel, {reinterpret_cast<const char*>(&status), sizeof status});
}

bool Helpers::start(std::size_t place, std::optional<std::size_t> processor) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return false;
    }
    std::erase_if(leaving_, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
    Helper helper;
    helper.channel = FileDescriptor(ends[0]);
    FileDescriptor own(ends[1]);
    const pid_t parent = getpid();
    helper.pid = fork();
    if (helper.pid < 0) {
        return false;
    }
    if (helper.pid == 0) {
        drop_handlers();
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        helper.channel.reset();
        // Else a helper would not hear of this process's end as long as another is there.
        helpers_.clear();
        if (getppid() == parent) {
            if (processor) {
                stay_on(*processor);
            }
            _exit(serve(own.get()));
        }
        _exit(0);
    }
    helpers_.insert_or_assign(place, std::move(helper));
    return true;
}

/// In the helper; its exit status. An exception that went further would come to what its parent
/// does, a second time.
int Helpers::serve(int channel) const noexcept {
    try {
        serve_(channel);
        return exit_success;
    } catch (const std::exception& error) {
        complain(std::string("it could not go on: ") + error.what() + ".");
    } catch (...) {
        complain("it could not go on.");
    }
    return exit_cannot;
}

bool Helpers::begin(std::size_t place, const Step& step, std::optional<std::size_t> processor) {
    const bool was_there = helpers_.contains(place);
    if (!was_there && !start(place, processor)) {
        return false;
    }
    if (send_all(helpers_[place].channel.get(), encode(step))) {
        return true;
    }
    // It was ended by somebody between two runs.
    static_cast<void>(poll_end(place));
    return was_there && start(place, processor) &&
           send_all(helpers_[place].channel.get(), encode(step));
}

int Helpers::fd(std::size_t place) const { return helpers_.at(place).channel.get(); }

std::optional<int> Helpers::poll_end(std::size_t place) {
    Helper& helper = helpers_.at(place);
    pollfd ready{helper.channel.get(), POLLIN, 0};
    if (poll(&ready, 1, 0) <= 0) {
        return std::nullopt;
    }
    int status = 0;
    if (receive_all(helper.channel.get(), reinterpret_cast<char*>(&status), sizeof status)) {
        if (helper.was_signalled) {
            // The signal may have come behind the answer, and would cost the next step.
            helper.channel.reset();
            leaving_.push_back(helper.pid);
            helpers_.erase(place);
        }
        return status;
    }
    int how = 0;
    while (waitpid(helper.pid, &how, 0) < 0 && errno == EINTR) {
    }
    helpers_.erase(place);
    if (WIFSIGNALED(how)) {
        return exit_status_of_signal(WTERMSIG(how));
    }
    // 0: it went without an answer; else the run's last resort ended it (loop/last_resort.hpp).
    return WEXITSTATUS(how) != 0 ? WEXITSTATUS(how) : exit_cannot;
}

void Helpers::signal(std::size_t place, int number) {
    Helper& helper = helpers_.at(place);
    helper.was_signalled = true;
    kill(helper.pid, number);
}

void Helpers::end() {
    for (auto& [place, helper] : helpers_) {
        helper.channel.reset();
        leaving_.push_back(helper.pid);
    }
    helpers_.clear();
    for (const pid_t pid : leaving_) {
        kill(pid, SIGTERM);
    }
    constexpr int patience_ms = 3000;
    int waited_ms = 0;
    for (const pid_t pid : leaving_) {
        while (waitpid(pid, nullptr, WNOHANG) == 0) {
            if (++waited_ms >= patience_ms) {
                kill(pid, SIGKILL);
            }
            usleep(1000);
        }
    }
    leaving_.clear();
}

}  // namespace ghostpeer::sweep
