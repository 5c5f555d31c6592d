// Keeps the peer's addresses on a network segment while the run loop runs.
#pragma once

#include "link/lan.hpp"
#include "loop/part.hpp"
#include "loop/sinks.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ghostpeer::run {

class LanPart final : public loop::Part {
  public:
    struct Parts {
        std::string interface;
        FileDescriptor neighbours;  ///< of link::Lan
        FileDescriptor news;
        int index = 0;  ///< of the interface
        link::MacAddress own{};
        link::Presence& presence;
        link::Link& link;  ///< of `make_lan_link`
        loop::Sinks& sinks;
        std::function<void(Instant)> ready;  ///< every address is the peer's
    };

    explicit LanPart(Parts parts);

    [[nodiscard]] int fd() const noexcept override { return epoll_.get(); }
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept override {
        return parts_.presence.next_deadline();
    }
    bool attend(Instant now) override;
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

}  // namespace ghostpeer::run
