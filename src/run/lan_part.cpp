#include "run/lan_part.hpp"

#include "link/host_news.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ghostpeer::run {
namespace {

constexpr int most_frames_at_once = 64;
constexpr std::size_t longest_frame = 2048;

}  // namespace

LanPart::LanPart(Parts parts) : parts_(std::move(parts)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    for (const FileDescriptor* one : {&parts_.neighbours, &parts_.news}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = one->get();
        if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, one->get(), &event) != 0) {
            failure_ = fmt::format("ghostpeer cannot watch what comes from {} (epoll_ctl): {}.",
                                   parts_.interface, std::strerror(errno));
        }
    }
}

bool LanPart::attend(Instant now) {
    const link::HostNews news = link::read_news(parts_.news, parts_.index);
    for (const wire::IpAddress& address : news.addresses) {
        parts_.presence.on_host_address(address);
    }
    if (news.gone) {
        failure_ = "the interface " + parts_.interface + " is gone.";
        return true;
    }
    read_frames(now);
    parts_.presence.on_time(now);
    send_frames();
    const auto changes = parts_.presence.take_changes();
    if (changes.empty()) {
        return true;
    }
    const auto held = parts_.presence.held();
    if (!link::admit(parts_.link.poll_fd(), parts_.own, held)) {
        failure_ = "the kernel refused the filter for the peer's packets.";
    }
    for (const auto& change : changes) {
        tell_change(change, now);
    }
    if (parts_.presence.settled() && !failure_ && held.empty()) {
        failure_ = "the peer has lost its last address on " + parts_.interface + ".";
    }
    if (parts_.presence.settled() && !failure_ && !ready_) {
        ready_ = true;
        parts_.ready(now);
    }
    return true;
}

void LanPart::read_frames(Instant now) {
    std::array<std::uint8_t, longest_frame>
        frame;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (int n = 0; n < most_frames_at_once; ++n) {
        const ssize_t size =
            ::recv(parts_.neighbours.get(), frame.data(), frame.size(), MSG_DONTWAIT);
        if (size <= 0) {
            return;
        }
        parts_.presence.on_frame(link::ByteView(frame).first(static_cast<std::size_t>(size)), now);
    }
}

void LanPart::send_frames() {
    parts_.presence.take_frames(frames_);
    for (const link::Frame& frame : frames_) {
        // What is lost here is lost as on a wire: it is repeated, or asked for again.
        (void)::send(parts_.neighbours.get(), frame.data(), frame.size(), MSG_DONTWAIT);
    }
    frames_.clear();
    parts_.presence.take_released(released_);
    for (const auto& packet : released_) {
        (void)parts_.link.send(packet);
    }
    released_.clear();
}

void LanPart::tell_change(const link::Presence::Change& change, Instant now) {
    const std::string address = change.address.to_string();
    const std::string rival =
        change.rival ? "the host " + link::to_string(*change.rival) : "this host itself";
    const auto tell = [&](std::string text) {
        parts_.sinks.notice(now, "address", std::move(text));
    };
    using State = link::Claim::State;
    switch (change.state) {
        case State::probing: break;
        case State::claimed:
            tell(change.defended
                     ? fmt::format("{} claims the peer's address {}; it was told once that the "
                                   "address is in use.",
                                   rival, address)
                     : fmt::format("The peer has the address {} on {} now, at {}.", address,
                                   parts_.interface, link::to_string(parts_.own)));
            break;
        case State::taken:
            failure_ = fmt::format(
                "the address {} on {} is in use: {} has it. Give the peer one that nobody has.",
                address, parts_.interface, rival);
            break;
        case State::lost:
            if (ready_) {
                tell(fmt::format("{} has the address {} now, so the peer has given it up.", rival,
                                 address));
            } else {
                failure_ = fmt::format("the address {} was given to {} meanwhile.", address, rival);
            }
            break;
    }
}

}  // namespace ghostpeer::run
