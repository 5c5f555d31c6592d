// Keeps the peer's addresses on a network segment while the run loop runs.
#pragma once

#include "app/attendant.hpp"
#include "app/sinks.hpp"
#include "link/lan.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ghostpeer::app {

class LanAttendant final : public Attendant {
  public:
    struct Parts {
        std::string interface;
        FileDescriptor neighbours;  ///< of link::Lan
        FileDescriptor news;
        int index = 0;  ///< of the interface
        link::MacAddress own{};
        link::Presence& presence;
        link::Link& link;  ///< of `make_lan_link`
        Sinks& sinks;
        std::function<void(Instant)> ready;  ///< every address is the peer's
    };

    explicit LanAttendant(Parts parts);

    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return parts_.presence.next_deadline();
    }
    void attend(Instant now) override;
    [[nodiscard]] std::optional<std::string> failure() const override { return failure_; }

  private:
    void read_frames(Instant now);
    void send_frames();
    void tell_change(const link::Presence::Change& change, Instant now);

    Parts parts_;
    FileDescriptor epoll_;
    std::vector<link::Frame> frames_;
    std::vector<std::vector<std::uint8_t>> released_;
    std::optional<std::string> failure_;
    bool ready_ = false;
};

}  // namespace ghostpeer::app
