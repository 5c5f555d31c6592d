// The loop of a run: packets, the engine's timers and the parts, one after the other.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "link/link.hpp"
#include "loop/busy_poll.hpp"
#include "loop/clock.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "loop/timer.hpp"
#include "posix/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ghostpeer::loop {

/// Why a descriptor that the kernel did not give cannot be waited for, in a sentence.
[[nodiscard]] std::string too_few_files();
/// Why epoll refused one, in a sentence.
[[nodiscard]] std::string cannot_watch(int error);

class RunLoop {
  public:
    struct World {
        const Clock& clock;
        peer::Engine& engine;
        link::Link& link;
        Sinks& sinks;
        bool watchful = true;  ///< false where time stands still while a process runs
        /// Without its link a run with COMMAND goes on, since COMMAND may still have an end.
        bool needs_link = false;
    };

    explicit RunLoop(const World& world);
    ~RunLoop() = default;
    RunLoop(const RunLoop&) = delete;
    RunLoop& operator=(const RunLoop&) = delete;

    /// Parts are visited in the order in which they were added, and outlive the loop.
    void add(Part& part);
    /// One of them follows packets from now on.
    void follow_packets(Part& part);
    /// Why it cannot run, a complete sentence; nothing where it can. Ask before COMMAND begins.
    [[nodiscard]] const std::optional<std::string>& problem() const noexcept { return problem_; }

    /// Until a part says that the run is over, or something has failed.
    void run();
    /// Deals with what is still on its way, and concludes.
    void drain();
    /// The expectations have seen what they may see. Of several calls the first counts.
    void conclude(Instant now);

    [[nodiscard]] const std::optional<std::string>& failure() const noexcept { return failure_; }

  private:
    void watch(int fd, std::uint64_t key);
    void wait();
    /// Watches the link without falling asleep; false where it is time to.
    [[nodiscard]] bool watch_awake(Instant next);
    void sleep(Instant next);
    void flush(Instant now);
    /// What the kernel says is ready.
    void handle(std::uint64_t key, Instant began, Instant wake);
    /// True if any came.
    bool handle_packets();
    void read_more(link::ReceiveStatus& status);
    /// Tells the engine what it will get of the batch, from that packet on.
    void expect_from(std::size_t first);
    /// `error`: errno of the read that failed; 0: the interface has gone.
    void lose_link(int error);
    void handle_time();
    /// True if it had something to do.
    bool attend(Part& part);
    /// What the engine asks of the world outside, and what comes of it at once.
    void carry_out_requests();
    /// Hands on what the engine has produced.
    void deliver();
    /// What has left, and what was lost on the way there.
    void tell_departures();
    void drain_link();
    void wait_for_parts();

    World world_;
    Timer timer_;
    BusyPoll busy_poll_;
    FileDescriptor epoll_;
    std::vector<Part*> parts_;
    std::vector<Part*> followers_;  ///< of packets
    std::vector<Part*> lively_;
    link::PacketBatch batch_;
    std::vector<peer::Emission> emissions_;
    std::vector<std::size_t> undelivered_;  ///< of them, in order
    std::vector<event::Event> events_;
    std::optional<std::string> problem_;
    std::optional<std::string> failure_;
    bool concluded_ = false;
    Instant flushed_at_{};
    bool over_ = false;
    bool link_gone_ = false;
    bool sent_ = false;  ///< something has left since the link was last read
};

}  // namespace ghostpeer::loop
