#include "app/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>
#include <csignal>

namespace ghostpeer::app {

SignalReader::SignalReader() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH}) {
        struct sigaction now {};
        // What was ignored when ghostpeer began (nohup) stays ignored.
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) {
            continue;
        }
        sigaddset(&wanted, number);
    }
    sigprocmask(SIG_BLOCK, &wanted, nullptr);
    fd_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
}

SignalReader::~SignalReader() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

std::optional<ReceivedSignal> SignalReader::next() {
    signalfd_siginfo info{};
    if (fd_ < 0 || read(fd_, &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) {
        return std::nullopt;
    }
    return ReceivedSignal{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

}  // namespace ghostpeer::app
