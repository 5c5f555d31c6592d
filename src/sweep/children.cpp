#include "sweep/children.hpp"

#include "posix/file_descriptor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ghostpeer::sweep {
namespace {

constexpr int tick_ms = 500;
/// A run that is told to end takes three seconds at most.
constexpr int patience_ticks = 10;
constexpr int cannot_start = 125;
constexpr off_t most_output = off_t{256} << 20;

/// The processors that this process may use. Sweeps at the same time begin with others: a guest
/// that waits for its processor counts as one that works (`--free-work`).
[[nodiscard]] std::vector<std::size_t> processors() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    std::vector<std::size_t> numbers;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        for (std::size_t number = 0; number < CPU_SETSIZE; ++number) {
            if (CPU_ISSET(number, &allowed)) {
                numbers.push_back(number);
            }
        }
    }
    if (!numbers.empty()) {
        const auto first = static_cast<std::size_t>(getpid()) % numbers.size();
        std::rotate(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(first),
                    numbers.end());
    }
    return numbers;
}

/// In the child; it never comes back, and no exception gets out of it.
[[noreturn]] void become(const Step& step, const Crew& crew, std::optional<std::size_t> processor,
                         pid_t parent) noexcept {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) {
        _exit(cannot_start);
    }
    if (processor) {
        stay_on(*processor);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < NSIG; ++number) {
        std::signal(number, sigismember(&crew.ignored, number) == 1 ? SIG_IGN : SIG_DFL);
    }
    if (!take_place(step)) {
        _exit(cannot_start);
    }
    std::vector<char*> arguments;
    for (const std::string& word : step.command) {
        arguments.push_back(const_cast<char*>(word.c_str()));  // as execv() wants them
    }
    arguments.push_back(nullptr);
    if (step.program.empty()) {
        execvp(arguments[0], arguments.data());
    } else {
        execv(step.program.c_str(), arguments.data());
    }
    _exit(cannot_start);
}

/// As it was asked for: what a shell was given, or the command.
[[nodiscard]] std::string in_words(const Step& step) {
    return step.command.front() == "sh" ? step.command.back()
                                        : fmt::format("{}", fmt::join(step.command, " "));
}

class Worker {
  public:
    Worker(Job job, std::size_t place, const Crew& crew)
        : job_(std::move(job)), place_(place), crew_(&crew) {
        end_.number = job_.number;
    }

    /// False: there was nothing more to begin, and the job is over.
    [[nodiscard]] bool begin_next(const std::vector<std::size_t>& processors) {
        if (given_up_ || at_ == job_.steps.size()) {
            return false;
        }
        const Step& step = job_.steps[at_];
        const bool alone = crew_->apart && place_ < processors.size() && step.is_run;
        const auto processor = alone ? std::optional(processors[place_]) : std::nullopt;
        by_helper_ = step.is_run && crew_->helpers != nullptr;
        if (!(by_helper_ ? crew_->helpers->begin(place_, step, processor)
                         : start(step, processor))) {
            end_.problem =
                fmt::format("No more processes can be started: {}.", std::strerror(errno));
            return false;
        }
        return true;
    }

    [[nodiscard]] std::size_t place() const { return place_; }
    [[nodiscard]] int fd() const { return by_helper_ ? crew_->helpers->fd(place_) : pidfd_.get(); }
    void signal(int number) {
        if (by_helper_) {
            crew_->helpers->signal(place_, number);
        } else {
            kill(-pid_, number);
        }
    }
    /// A program that writes without end would fill the disk, of which 16 MiB are looked at.
    void bound_output() {
        const Step& step = job_.steps[at_];
        struct stat file {};
        if (step.is_run && end_.problem.empty() && ::stat(step.output.c_str(), &file) == 0 &&
            file.st_size > most_output) {
            end_.problem = "COMMAND wrote more than 256 MiB, so the run was ended.";
            signal(SIGTERM);
        }
    }
    [[nodiscard]] const JobEnd& end() const { return end_; }

    /// Has the step ended?
    [[nodiscard]] bool poll_end() {
        const auto code = by_helper_ ? crew_->helpers->poll_end(place_) : poll_process();
        if (!code) {
            return false;
        }
        const Step& step = job_.steps[at_++];
        if (step.is_run) {
            end_.run_status = *code;
        } else if (*code != 0 && end_.problem.empty()) {
            end_.problem = fmt::format("`{}` failed with status {}{}.", in_words(step), *code,
                                       end_.run_status ? "" : ", so the run was not begun");
            given_up_ = !end_.run_status;
        }
        return true;
    }
    void give_up() { given_up_ = true; }

  private:
    [[nodiscard]] bool start(const Step& step, std::optional<std::size_t> processor) {
        const pid_t parent = getpid();
        const pid_t child = fork();
        if (child == 0) {
            become(step, *crew_, processor, parent);
        }
        if (child < 0) {
            return false;
        }
        setpgid(child, child);  // whoever of the two comes first
        pid_ = child;
        pidfd_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
        return true;
    }
    /// The exit status, once it has ended.
    [[nodiscard]] std::optional<int> poll_process() {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) != pid_) {
            return std::nullopt;
        }
        pidfd_.reset();
        constexpr int signal_base = 128;
        return WIFEXITED(status) ? WEXITSTATUS(status) : signal_base + WTERMSIG(status);
    }

    Job job_;
    std::size_t place_;  ///< among those at work
    const Crew* crew_;
    std::size_t at_ = 0;
    bool given_up_ = false;  ///< no other step is begun
    bool by_helper_ = false;
    pid_t pid_ = -1;  ///< of what is started for this step
    FileDescriptor pidfd_;
    JobEnd end_;
};

class Shift {
  public:
    explicit Shift(const Crew& crew) : crew_(crew) {}

    [[nodiscard]] bool work() {
        while (true) {
            take_on();
            if (workers_.empty()) {
                return !interrupted_;
            }
            wait();
            crew_.tick();
        }
    }

  private:
    void take_on() {
        while (!closing_ && workers_.size() < crew_.hands) {
            auto job = crew_.next();
            if (!job) {
                return;
            }
            workers_.emplace_back(std::move(*job), free_place(), crew_);
            go_on(workers_.size() - 1);
        }
    }
    [[nodiscard]] std::size_t free_place() const {
        std::size_t place = 0;
        while (std::any_of(workers_.begin(), workers_.end(),
                           [&](const Worker& worker) { return worker.place() == place; })) {
            ++place;
        }
        return place;
    }
    /// The next step, or the end.
    void go_on(std::size_t at) {
        if (workers_[at].begin_next(processors_)) {
            return;
        }
        const JobEnd end = workers_[at].end();
        workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(at));
        if (!interrupted_ && !crew_.ended(end)) {
            closing_ = true;
        }
    }
    void interrupt() {
        for (Worker& worker : workers_) {
            worker.signal(interrupted_ ? SIGKILL : SIGTERM);
            worker.give_up();
        }
        closing_ = true;
        interrupted_ = true;
    }
    void wait() {
        std::vector<pollfd> watched;
        for (const Worker& worker : workers_) {
            watched.push_back({worker.fd(), POLLIN, 0});
        }
        watched.push_back({crew_.interrupt_fd, POLLIN, 0});
        const int ready = poll(watched.data(), watched.size(), tick_ms);
        if (ready == 0 && interrupted_ && ++waited_ == patience_ticks) {
            interrupt();
        }
        if (watched.back().revents != 0 && crew_.interrupted()) {
            interrupt();
        }
        for (std::size_t at = workers_.size(); at-- > 0;) {
            if (workers_[at].poll_end()) {
                go_on(at);
            } else {
                workers_[at].bound_output();
            }
        }
    }

    const Crew& crew_;
    std::vector<std::size_t> processors_ = processors();
    std::vector<Worker> workers_;
    bool closing_ = false;
    bool interrupted_ = false;
    int waited_ = 0;  ///< ticks since then
};

}  // namespace

bool work(const Crew& crew) { return Shift(crew).work(); }

}  // namespace ghostpeer::sweep
