// How a run comes to its end: signals, `--timeout`, a `finish` action, COMMAND's end.
#pragma once

#include "ghostpeer/event/run.hpp"
#include "ghostpeer/peer/engine.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/run_loop.hpp"
#include "loop/signals.hpp"
#include "posix/file_descriptor.hpp"
#include "process/blocked.hpp"
#include "process/polling.hpp"
#include "sandbox/sandbox.hpp"

#include <sys/types.h>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::run {

/// How the run came to its end.
struct Outcome {
    event::Ended ended = event::Ended::command;
    std::optional<event::Exit> exit;
    Instant exited{};  ///< when COMMAND ended
    /// Names of what COMMAND had started and left behind when it ended.
    std::vector<std::string> left_behind;
    std::optional<int> signal;           ///< that ghostpeer was ended by
    std::optional<std::string> failure;  ///< the run broke down: a complete sentence
    /// How COMMAND's threads stood before it was told to end, and when that was.
    std::vector<process::Wait> waits;
    Instant looked{};
    std::vector<peer::AttemptRecord> attempts_then;  ///< as they stood at that time
};

class Ending final : public loop::Part {
  public:
    struct World {
        const loop::Clock& clock;
        peer::Engine& engine;
        loop::RunLoop& loop;
        loop::SignalReader& signals;
        sandbox::Sandbox* sandbox = nullptr;   ///< null: there is no COMMAND; a signal ends the run
        std::optional<Duration> timeout;       ///< from where the loop begins
        std::optional<Duration> poll_timeout;  ///< of a COMMAND that does nothing but poll
        std::optional<Duration> run_for;       ///< from where the loop begins: a good end
        std::vector<std::uint16_t> dialled;    ///< ports of the program that peers dial
        loop::Sinks* sinks = nullptr;          ///< may be null where there is no COMMAND
        bool virtual_time = false;
    };

    explicit Ending(const World& world);

    /// A process in COMMAND's namespace that is not COMMAND's.
    void overlook(pid_t process) noexcept { overlooked_ = process; }
    /// Without COMMAND: who deals with a signal says so, and it does not end the run.
    void offer_signals(std::function<bool(int, Instant)> to) { takes_signal_ = std::move(to); }
    /// The loop has ended: what is left to do may take its time, within bounds.
    void settled() const;
    /// All but what the loop itself knows.
    [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override;
    void begin(Instant now) override;
    bool attend(Instant now) override;
    [[nodiscard]] std::optional<std::string> failure() const override { return failure_; }
    [[nodiscard]] bool over() const noexcept override {
        return over_ || (outcome_.exit && !daemon_);
    }

  private:
    void watch(int fd);
    void handle_signals();
    /// Without COMMAND every signal that nobody takes ends the run.
    void handle_signal_alone(int number, Instant now);
    void begin_end(event::Ended why, Instant now);
    /// Ends a run that `finish` ends, once COMMAND has done what it was about to do.
    void finish_when_at_rest(Instant now);
    /// The next step towards COMMAND's end, each less polite than the one before.
    void force_end(Instant now);
    /// Where does COMMAND stand, before it is told to end?
    void look_at_command();
    [[nodiscard]] std::vector<pid_t> processes_of_command() const;
    void take_exit();
    /// COMMAND has ended: do programs that it has left behind serve those who dial?
    void follow_daemon(Instant now);
    [[nodiscard]] bool daemon_listens() const;
    [[nodiscard]] std::vector<std::string> programs_left() const;

    struct Daemon {
        Instant look_at{};     ///< the next look at it
        Instant listens_by{};  ///< until then it may not listen yet
        bool seen = false;     ///< it has listened
    };

    World world_;
    std::function<bool(int, Instant)> takes_signal_;
    FileDescriptor epoll_;
    Outcome outcome_;
    std::optional<std::string> failure_;
    pid_t overlooked_ = 0;
    std::optional<Instant> timeout_at_;
    std::optional<Instant> run_for_at_;
    std::optional<Daemon> daemon_;  ///< what COMMAND has become
    std::optional<process::Polling> polling_;
    std::optional<Instant> kill_at_;  ///< the next step of `force_end`
    int force_ = 0;                   ///< steps that were taken
    std::optional<Instant> rest_by_;  ///< of a run that `finish` ends: it ends then at the latest
    std::optional<Instant> rest_at_;  ///< the next look at COMMAND
    int found_at_rest_ = 0;           ///< times in a row
    unsigned interrupts_ = 0;
    bool ending_ = false;
    bool over_ = false;  ///< nothing is left to wait for
};

}  // namespace ghostpeer::run
