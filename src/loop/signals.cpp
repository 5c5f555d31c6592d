#include "loop/signals.hpp"

#include "loop/last_resort.hpp"
#include "warp/guest_init.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace ghostpeer::loop {
namespace {

// Not signalfd: blocked signals reach nobody while this process stands still somewhere.
constexpr std::array wanted{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH};
constexpr unsigned insistent = 3;  ///< so many Ctrl-C mean it

struct Pending {
    std::atomic<unsigned> sent = 0;
    std::atomic<unsigned> from_terminal = 0;
    std::atomic<unsigned> out_of_time = 0;
};
// A signal handler reaches nothing else.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
std::array<Pending, wanted.size()> pending;
std::atomic<unsigned> interrupts = 0;
std::atomic<int> wake = -1;
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)

static_assert(std::atomic<unsigned>::is_always_lock_free, "a signal handler writes them");

void caught(int number, siginfo_t* info, void* /*context*/) {
    const int saved = errno;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == number) {
            const bool in_time = number != SIGTERM || info->si_code != SI_QUEUE ||
                                 info->si_value.sival_int != warp::out_of_time_value;
            ++(info->si_code == SI_KERNEL ? pending[i].from_terminal
               : in_time                  ? pending[i].sent
                                          : pending[i].out_of_time);
        }
    }
    const bool interrupt = number == SIGINT || number == SIGQUIT;
    if (number == SIGTERM || (interrupt && ++interrupts >= insistent)) {
        last_resort::arm(last_resort::patience, last_resort::Cause::signal, number);
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake, &one, sizeof one);
    errno = saved;
}

}  // namespace

SignalReader::SignalReader() : ready_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    std::signal(SIGPIPE, SIG_IGN);
    last_resort::prepare();
    wake = ready_.get();
    interrupts = 0;
    struct sigaction action {};
    action.sa_sigaction = caught;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : wanted) {
        struct sigaction now {};
        // What was ignored when ghostpeer began (nohup) stays ignored.
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) {
            continue;
        }
        sigaction(number, &action, nullptr);
        sigaddset(&ours, number);
    }
    // What was blocked is so for COMMAND alone.
    sigprocmask(SIG_UNBLOCK, &ours, nullptr);
}

SignalReader::~SignalReader() {
    wake = -1;
    last_resort::disarm();
}

std::optional<ReceivedSignal> SignalReader::next() {
    std::uint64_t any = 0;
    [[maybe_unused]] const auto got = ::read(ready_.get(), &any, sizeof any);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        for (auto* const counter :
             {&pending[i].sent, &pending[i].from_terminal, &pending[i].out_of_time}) {
            auto& count = *counter;
            if (unsigned seen = count; seen > 0) {
                while (!count.compare_exchange_weak(seen, seen - 1)) {
                }
                return ReceivedSignal{wanted[i], counter == &pending[i].from_terminal,
                                      counter == &pending[i].out_of_time};
            }
        }
    }
    return std::nullopt;
}

}  // namespace ghostpeer::loop
