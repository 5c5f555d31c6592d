// The run loop: packets, timers, signals and COMMAND's end, one after the other.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "judge/report.hpp"
#include "link/link.hpp"
#include "loop/busy_poll.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/signals.hpp"
#include "loop/sinks.hpp"
#include "loop/timer.hpp"
#include "process/blocked.hpp"
#include "run/dialler.hpp"
#include "run/relay.hpp"
#include "run/socket_sampler.hpp"
#include "sandbox/sandbox.hpp"
#include "setup/run_options.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::run {

/// How the run came to its end.
struct Outcome {
    judge::Ended ended = judge::Ended::command;
    std::optional<event::Exit> exit;
    Instant exited{};  ///< when COMMAND ended
    /// Names of what COMMAND had started and left behind when it ended.
    std::vector<std::string> left_behind;
    std::optional<int> signal;           ///< that ghostpeer was ended by
    Instant concluded{};                 ///< until then the expectations have looked
    std::optional<std::string> failure;  ///< the run broke down: a complete sentence
    /// How COMMAND's threads stood before it was told to end, and when that was.
    std::vector<process::Wait> waits;
    Instant looked{};
    std::vector<peer::AttemptRecord> attempts_then;  ///< as they stood at that time
};

class RunLoop {
  public:
    struct Parts {
        const loop::Clock& clock;
        peer::Engine& engine;
        link::Link& link;
        sandbox::Sandbox* sandbox;  ///< null: there is no COMMAND; a signal ends the loop
        loop::SignalReader& signals;
        loop::Sinks& sinks;
        Relay& relay;
        SocketSampler& sockets;
        std::optional<Duration> timeout;  ///< from the call of `run`
        std::vector<setup::Fire> fires;
        bool watchful = true;        ///< false where time stands still while a process runs
        Dialler* dialler = nullptr;  ///< null: no peer is a client
        std::vector<loop::Part*> attendants{};
    };

    explicit RunLoop(const Parts& parts);
    ~RunLoop();
    RunLoop(const RunLoop&) = delete;
    RunLoop& operator=(const RunLoop&) = delete;

    /// Why it cannot run, a complete sentence; nothing where it can. Ask before COMMAND begins.
    [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

    /// A process in COMMAND's namespace that is not COMMAND's.
    void overlook(pid_t process) noexcept { overlooked_ = process; }

    /// Until COMMAND has ended (or, without one, a signal came), and the packets that it left
    /// behind are dealt with.
    [[nodiscard]] Outcome run();

  private:
    void watch(int fd);
    void wait();
    /// Watches the link without falling asleep; false where it is time to.
    [[nodiscard]] bool watch_awake(Instant next);
    void sleep(Instant next);
    /// True if any came.
    bool handle_packets();
    void read_more(link::ReceiveStatus& status);
    /// Tells the engine what it will get of the batch, from that packet on.
    void expect_from(std::size_t first);
    void lose_link();
    void handle_signals();
    /// Without COMMAND every signal that is not an attendant's ends the loop.
    void handle_signal_alone(int number, Instant now);
    void attend(loop::Part& attendant);
    /// True if anything was ready.
    bool handle_relay();
    /// What relayed connections ask for, and what comes of it at once.
    void serve_relay();
    void tell_notices();
    void handle_time();
    void fire_commands(Instant now);
    [[nodiscard]] std::optional<Instant> next_fire() const;
    /// Hands on what the engine has produced.
    void deliver();
    /// What has left, and what was lost on the way there.
    void tell_departures();
    void begin_end(judge::Ended why, Instant now);
    /// Ends a run that `finish` ends, once COMMAND has done what it was about to do.
    void finish_when_at_rest(Instant now);
    /// The next step towards COMMAND's end, each less polite than the one before.
    void force_end(Instant now);
    /// The expectations have seen what they may see; what ghostpeer's own signals bring about does
    /// not count.
    void conclude(Instant now);
    /// Where does COMMAND stand, before it is told to end?
    void look_at_command();
    [[nodiscard]] std::vector<pid_t> processes_of_command() const;
    void take_exit();
    void drain_link();

    Parts parts_;
    loop::Timer timer_;
    loop::BusyPoll busy_poll_;
    int epoll_ = -1;
    link::PacketBatch batch_;
    std::vector<peer::Emission> emissions_;
    std::vector<std::size_t> undelivered_;  ///< of them, in order
    std::vector<event::Event> events_;
    Outcome outcome_;
    std::optional<std::string> problem_;
    pid_t overlooked_ = 0;
    std::optional<Instant> timeout_at_;
    std::vector<std::pair<Instant, std::string>> fires_;  ///< the next one last
    std::optional<Instant> kill_at_;                      ///< the next step of `force_end`
    int force_ = 0;                                       ///< steps that were taken
    std::optional<Instant> rest_by_;  ///< of a run that `finish` ends: it ends then at the latest
    std::optional<Instant> rest_at_;  ///< the next look at COMMAND
    int found_at_rest_ = 0;           ///< times in a row
    Instant flushed_at_{};
    unsigned interrupts_ = 0;
    bool ending_ = false;
    bool concluded_ = false;
    bool over_ = false;  ///< nothing is left to wait for
    bool link_gone_ = false;
    bool sent_ = false;  ///< something has left since the link was last read
};

}  // namespace ghostpeer::run
