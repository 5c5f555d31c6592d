#include "process/named_calls.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <array>

namespace ghostpeer::process {
namespace {

// Newer architectures have the newer of two calls alone.
constexpr std::array named_calls{
    NamedCall{SYS_read, "read", true},
    NamedCall{SYS_readv, "readv", true},
    NamedCall{SYS_write, "write", true},
    NamedCall{SYS_writev, "writev", true},
    NamedCall{SYS_recvfrom, "recv", true},
    NamedCall{SYS_recvmsg, "recvmsg", true},
    NamedCall{SYS_sendto, "send", true},
    NamedCall{SYS_sendmsg, "sendmsg", true},
    NamedCall{SYS_sendfile, "sendfile", true},
    NamedCall{SYS_connect, "connect", true},
    NamedCall{SYS_accept, "accept", true},
    NamedCall{SYS_accept4, "accept", true},
    NamedCall{SYS_close, "close", true},
    NamedCall{SYS_flock, "flock", true},
    NamedCall{SYS_fcntl, "fcntl", true},
#ifdef SYS_epoll_wait
    NamedCall{SYS_epoll_wait, "epoll_wait", true},
#endif
    NamedCall{SYS_epoll_pwait, "epoll_wait", true},
#ifdef SYS_poll
    NamedCall{SYS_poll, "poll", false},
#endif
    NamedCall{SYS_ppoll, "poll", false},
#ifdef SYS_select
    NamedCall{SYS_select, "select", false},
#endif
    NamedCall{SYS_pselect6, "select", false},
    NamedCall{SYS_futex, "futex (a lock or another thread)", false},
    NamedCall{SYS_wait4, "wait (for a child process)", false},
    NamedCall{SYS_waitid, "wait (for a child process)", false},
    NamedCall{SYS_nanosleep, "nanosleep", false},
    NamedCall{SYS_clock_nanosleep, "nanosleep", false},
    NamedCall{SYS_restart_syscall, "nanosleep or poll", false},
#ifdef SYS_pause
    NamedCall{SYS_pause, "pause (for a signal)", false},
#endif
    NamedCall{SYS_rt_sigsuspend, "sigsuspend (for a signal)", false},
    NamedCall{SYS_rt_sigtimedwait, "sigwait (for a signal)", false},
};

}  // namespace

const NamedCall* find_call(std::uint64_t number) {
    const auto found = std::find_if(named_calls.begin(), named_calls.end(),
                                    [&](const NamedCall& call) { return call.number == number; });
    return found == named_calls.end() ? nullptr : &*found;
}

}  // namespace ghostpeer::process
