#include "sandbox/syscall_filter.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace ghostpeer::sandbox {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t architecture = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
constexpr std::uint32_t architecture = AUDIT_ARCH_RISCV64;
#else
constexpr std::uint32_t architecture = 0;
#endif

// Those of each packet first. Newer architectures lack the older calls.
constexpr std::uint32_t allowed[] = {
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_epoll_pwait,
    SYS_sched_yield,
    SYS_timerfd_settime,
    SYS_clock_gettime,
    SYS_recvfrom,
    SYS_sendto,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_futex,
    SYS_ppoll,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
#ifdef SYS_poll
    SYS_poll,
#endif
    // The rest of sockets and descriptors.
    SYS_readv,
    SYS_pread64,
    SYS_pwrite64,
    SYS_recvmmsg,
    SYS_sendmmsg,
    SYS_connect,
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_listen,
    SYS_shutdown,
    SYS_getsockname,
    SYS_getpeername,
    SYS_setsockopt,
    SYS_getsockopt,
    SYS_socketpair,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_pselect6,
    SYS_eventfd2,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timer_settime,
    SYS_timer_gettime,
    SYS_signalfd4,
    SYS_pipe2,
    SYS_dup,
    SYS_dup3,
    SYS_close,
    SYS_close_range,
    SYS_sendfile,
    // Files: profiles, the name servers of the host, a socket of its own to be removed.
    SYS_openat,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_lseek,
    SYS_ftruncate,
    SYS_fsync,
    SYS_fdatasync,
    SYS_flock,
    SYS_unlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_umask,
    SYS_statfs,
    SYS_fstatfs,
    SYS_fadvise64,
#ifdef SYS_open
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_unlink,
    SYS_rmdir,
    SYS_chmod,
    SYS_dup2,
    SYS_pipe,
    SYS_select,
    SYS_epoll_create,
    SYS_eventfd,
    SYS_signalfd,
    SYS_time,
    SYS_getdents,
#endif
    // Memory, threads, time, the process itself.
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_mincore,
    SYS_brk,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_set_tid_address,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_rt_sigpending,
    SYS_sigaltstack,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getgroups,
    SYS_getrandom,
    SYS_getrusage,
    SYS_times,
    SYS_sysinfo,
    SYS_uname,
    SYS_getcpu,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_membarrier,
    SYS_restart_syscall,
    SYS_exit,
    SYS_exit_group,
#ifdef SYS_getrlimit
    SYS_getrlimit,
    SYS_setrlimit,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_arch_prctl
    SYS_arch_prctl,
#endif
};

// No honest server makes these: somebody else has got hold of the process.
constexpr std::uint32_t deadly[] = {SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv,
                                    SYS_process_vm_writev};

constexpr std::uint32_t data_at(std::size_t member) { return static_cast<std::uint32_t>(member); }
constexpr std::uint32_t number_at = data_at(offsetof(seccomp_data, nr));
/// The low half of an argument: what the kernel looks at of an int.
constexpr std::uint32_t argument_at(std::uint32_t n) {
    constexpr std::uint32_t low =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : sizeof(std::uint32_t);
    return data_at(offsetof(seccomp_data, args)) + n * 8 + low;
}

class Program {
  public:
    void load(std::uint32_t at) { op(BPF_LD | BPF_W | BPF_ABS, at); }
    void end(std::uint32_t what) { op(BPF_RET | BPF_K, what); }
    /// Ends with `what` where the accumulator holds `value`.
    void end_if(std::uint32_t value, std::uint32_t what) {
        op(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
        end(what);
    }
    void end_unless(std::uint32_t value, std::uint32_t what) {
        op(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
        end(what);
    }
    /// Goes on with `then`, which ends, where the accumulator holds `value`.
    void in_case(std::uint32_t value, const Program& then) {
        op(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<unsigned>(then.code_.size()));
        code_.insert(code_.end(), then.code_.begin(), then.code_.end());
    }
    void op(int code, std::uint32_t k, unsigned if_true = 0, unsigned if_false = 0) {
        code_.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
                         static_cast<std::uint8_t>(if_false), k});
    }
    [[nodiscard]] std::vector<sock_filter> code() && { return std::move(code_); }

  private:
    std::vector<sock_filter> code_;
};

constexpr std::uint32_t allow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t refuse(std::uint32_t error) { return SECCOMP_RET_ERRNO | error; }

[[nodiscard]] Program sockets(bool looks_up_names) {
    Program program;
    program.load(argument_at(0));
    for (const int family : {AF_INET, AF_INET6}) {
        program.end_if(static_cast<std::uint32_t>(family), allow);
    }
    // Of nscd or systemd-resolved; whoever else listens on this machine is nobody's business here.
    program.end_if(AF_UNIX, looks_up_names ? allow : refuse(EAFNOSUPPORT));
    program.end_unless(AF_NETLINK, refuse(EAFNOSUPPORT));
    program.load(argument_at(2));
    program.end_if(NETLINK_ROUTE, allow);  // getaddrinfo asks which addresses there are
    program.end(refuse(EAFNOSUPPORT));
    return program;
}

/// Threads, no processes and no namespaces.
[[nodiscard]] Program clones() {
    Program program;
    program.load(argument_at(0));
    program.op(BPF_ALU | BPF_AND | BPF_K, CLONE_THREAD | CLONE_VM | CLONE_NEWNS | CLONE_NEWUSER |
                                              CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                              CLONE_NEWUTS);
    program.end_if(CLONE_THREAD | CLONE_VM, allow);
    program.end(refuse(EPERM));
    return program;
}

/// Nothing that writes into the terminal's input, or has signals sent to others.
[[nodiscard]] Program controls() {
    Program program;
    program.load(argument_at(1));
    for (const std::uint32_t request : {TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP}) {
        program.end_if(request, refuse(EPERM));
    }
    program.end(allow);
    return program;
}

/// The child's end: it may be brought about and waited for.
void allow_child(Program& program, pid_t child) {
    Program kill;
    kill.load(argument_at(0));
    kill.end_if(static_cast<std::uint32_t>(child), allow);
    kill.end(refuse(EPERM));
    program.in_case(SYS_kill, kill);
    for (const std::uint32_t number : {SYS_wait4, SYS_waitid, SYS_pidfd_open}) {
        program.end_if(number, allow);
    }
}

/// As above, by another door.
[[nodiscard]] Program descriptor_controls() {
    Program program;
    program.load(argument_at(1));
    for (const std::uint32_t command : {F_SETOWN, F_SETOWN_EX, F_SETSIG}) {
        program.end_if(command, refuse(EPERM));
    }
    program.end(allow);
    return program;
}

/// What takes a process's number first takes this one's alone; 0 is this one, too.
[[nodiscard]] Program only_this_process() {
    Program program;
    program.load(argument_at(0));
    program.end_if(0, allow);
    program.end_if(static_cast<std::uint32_t>(getpid()), allow);
    program.end(refuse(EPERM));
    return program;
}

/// That of the calling thread.
[[nodiscard]] Program priorities() {
    Program program;
    program.load(argument_at(0));
    program.end_unless(PRIO_PROCESS, refuse(EPERM));
    program.load(argument_at(1));
    program.end_if(0, allow);
    program.end(refuse(EPERM));
    return program;
}

/// Names of threads and of memory.
[[nodiscard]] Program process_controls() {
    constexpr std::uint32_t set_vma = 0x53564d41;  // PR_SET_VMA; not in every <linux/prctl.h>
    Program program;
    program.load(argument_at(0));
    for (const std::uint32_t option : {std::uint32_t{PR_SET_NAME}, std::uint32_t{PR_GET_NAME},
                                       std::uint32_t{PR_GET_DUMPABLE}, set_vma}) {
        program.end_if(option, allow);
    }
    program.end(refuse(EPERM));
    return program;
}

/// What follows looks at the number of the call.
[[nodiscard]] Program calls_of_this_architecture() {
    Program program;
    program.load(data_at(offsetof(seccomp_data, arch)));
    program.end_unless(architecture, SECCOMP_RET_KILL_PROCESS);
    program.load(number_at);
    return program;
}

}  // namespace

std::vector<sock_filter> syscall_filter(bool looks_up_names, pid_t child) {
    if (architecture == 0) {
        return {};
    }
    Program program = calls_of_this_architecture();
    for (const std::uint32_t number : allowed) {
        program.end_if(number, allow);
    }
    program.in_case(SYS_socket, sockets(looks_up_names));
    program.in_case(SYS_clone, clones());
    program.in_case(SYS_ioctl, controls());
    program.in_case(SYS_fcntl, descriptor_controls());
    program.in_case(SYS_tgkill, only_this_process());
    program.in_case(SYS_prlimit64, only_this_process());
    program.in_case(SYS_sched_setaffinity, only_this_process());
    program.in_case(SYS_setpriority, priorities());
    program.in_case(SYS_prctl, process_controls());
    if (child > 0) {
        allow_child(program, child);
    }
#ifdef __SANITIZE_ADDRESS__
    // The sanitizers make calls of their own, ptrace among them.
    program.end(allow);
#else
    for (const std::uint32_t number : deadly) {
        program.end_if(number, SECCOMP_RET_KILL_PROCESS);
    }
    program.end(refuse(ENOSYS));
#endif
    return std::move(program).code();
}

std::vector<sock_filter> caretaker_filter() {
    if (architecture == 0) {
        return {};
    }
    Program program = calls_of_this_architecture();
    for (const std::uint32_t number :
         {SYS_read, SYS_newfstatat, SYS_unlinkat, SYS_exit_group, SYS_exit}) {
        program.end_if(number, allow);
    }
#ifdef __SANITIZE_ADDRESS__
    program.end(allow);
#else
    program.end(SECCOMP_RET_KILL_PROCESS);
#endif
    return std::move(program).code();
}

int install(std::vector<sock_filter> filter) {
    if (filter.empty()) {
        return 0;  // a processor whose system calls are not listed
    }
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    const bool done = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
    return done || errno == EINVAL ? 0 : errno;
}

}  // namespace ghostpeer::sandbox
