// A link that leads nowhere: a test gives it what comes and sees what left.
#pragma once

#include "ghostpeer/wire/codec.hpp"
#include "link/link.hpp"
#include "posix/file_descriptor.hpp"

#include <doctest/doctest.h>

#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

namespace ghostpeer::testing {

/// Readable or not, as the test says.
class Bell {
  public:
    Bell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { REQUIRE(fd_); }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    void ring() {
        const std::uint64_t one = 1;
        REQUIRE(::write(fd(), &one, sizeof one) == sizeof one);
    }
    /// True if it had been rung.
    bool silence() {
        std::uint64_t rung = 0;
        return ::read(fd(), &rung, sizeof rung) == sizeof rung;
    }

  private:
    FileDescriptor fd_;
};

class FakeLink final : public link::Link {
  public:
    void comes(const wire::Segment& segment) {
        coming_.push_back(wire::encode(segment));
        bell_.ring();
    }
    /// The interface goes, once what has come is read.
    void goes() {
        gone_ = true;
        bell_.ring();
    }
    [[nodiscard]] std::vector<wire::Segment> left() const {
        std::vector<wire::Segment> segments;
        for (const auto& packet : left_) {
            auto decoded = wire::decode(packet);
            if (auto* segment = std::get_if<wire::Segment>(&decoded)) {
                segments.push_back(std::move(*segment));
            }
        }
        return segments;
    }

    [[nodiscard]] int poll_fd() const noexcept override { return bell_.fd(); }
    [[nodiscard]] link::ReceiveStatus receive(link::PacketBatch& batch) override {
        using Kind = link::ReceiveStatus::Kind;
        if (coming_.empty()) {
            bell_.silence();
            return {gone_ ? Kind::closed : Kind::drained, 0};
        }
        const auto into = batch.append(coming_.front().size());
        std::copy(coming_.front().begin(), coming_.front().end(), into.begin());
        coming_.pop_front();
        return {Kind::more, 0};
    }
    tl::expected<void, int> send(std::span<const std::uint8_t> packet) noexcept override {
        left_.emplace_back(packet.begin(), packet.end());
        return {};
    }
    [[nodiscard]] std::uint16_t mtu() const noexcept override { return 1500; }
    [[nodiscard]] std::string describe() const override { return "a link that leads nowhere"; }

  private:
    Bell bell_;
    std::deque<wire::Bytes> coming_;
    std::vector<wire::Bytes> left_;
    bool gone_ = false;
};

}  // namespace ghostpeer::testing
