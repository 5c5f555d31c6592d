// When to look at the kernel's sockets, and who is told.
#pragma once

#include "judge/judge.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"
#include "sockets/socket_watcher.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace ghostpeer::run {

class SocketSampler final : public loop::Part {
  public:
    struct Purpose {
        bool shown = false;     ///< the user wants to see the sockets
        bool outcomes = false;  ///< expectations ask how they end
    };

    /// Without a purpose the kernel tells of sockets that are destroyed, and is asked for the
    /// others once, at the end: that costs nothing while nothing happens.
    SocketSampler(std::unique_ptr<sockets::SocketWatcher> watcher, const judge::Judge& judge,
                  loop::Sinks& sinks, Purpose purpose);

    /// An expectation that has come later asks how they end: false where one did so already.
    bool ask_outcomes(Instant now);

    [[nodiscard]] int fd() const noexcept override { return watcher_->fd(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return sample_at_;
    }
    bool attend(Instant now) override;
    [[nodiscard]] bool follows_packets() const noexcept override { return steady(); }
    void packets_came(Instant now) override;
    /// A last look, answered when this returns.
    void conclude(Instant now) override;

  private:
    /// Does somebody want to know of the sockets at all times?
    [[nodiscard]] bool steady() const noexcept { return purpose_.shown || purpose_.outcomes; }
    void answered(Instant now);
    void look(Instant now);
    void schedule(Instant now);
    /// True where a look would tell more.
    bool take_changes(Instant now);
    bool take_destroyed(const event::Socket& socket);

    std::unique_ptr<sockets::SocketWatcher> watcher_;
    const judge::Judge& judge_;
    loop::Sinks& sinks_;
    Purpose purpose_;
    std::vector<event::Socket> changes_;
    std::uint64_t aborts_ = 0;  ///< that were told last; the network is new
    bool subscribed_ = false;
    bool curious_ = false;  ///< a look would tell more than the one under way
    std::optional<Instant> sample_at_;
    Instant news_at_{};                                      ///< a packet or a change of a socket
    Instant roused_at_ = run_start - std::chrono::hours(1);  ///< by a packet, to look at once
};

}  // namespace ghostpeer::run
