// The way of packets through the run loop: from the link to the engine, and back.
#include "loop/run_loop.hpp"

#include <sys/epoll.h>
#include <algorithm>
#include <cstring>
#include <string>

namespace ghostpeer::loop {
namespace {

using namespace std::chrono_literals;

constexpr int most_reads = 64;           ///< before timers and parts have their turn
constexpr Duration longest_turn = 20ms;  ///< likewise
constexpr int reads_of_a_queue = 3;      ///< so many in a row are no answers to answers
constexpr std::size_t most_at_once = 16;

}  // namespace

bool RunLoop::handle_packets() {
    bool any = false;
    std::optional<Instant> began;
    Duration spent{};
    for (int reads = 0; reads < most_reads && spent < longest_turn; ++reads) {
        batch_.clear();
        sent_ = false;
        link::ReceiveStatus status = world_.link.receive(batch_);
        expect_from(0);
        if (reads >= reads_of_a_queue) {
            read_more(status);
        }
        any = any || !batch_.empty();
        for (std::size_t i = 0; i < batch_.size(); ++i) {
            const Instant now = world_.clock.now();
            began = began.value_or(now);
            spent = now - *began;
            const event::EventId segment =
                world_.engine.on_packet(batch_[i], now, i + 1 < batch_.size());
            if (!world_.sinks.empty()) {
                world_.sinks.record(
                    {now, 0, 0, event::Packet{event::Direction::in, batch_[i], segment}});
            }
            deliver();
        }
        carry_out_requests();
        if (!followers_.empty() && !batch_.empty()) {
            const Instant now = world_.clock.now();
            for (Part* part : followers_) {
                part->packets_came(now);
            }
        }
        using Kind = link::ReceiveStatus::Kind;
        if (status.kind == Kind::closed || status.kind == Kind::failed) {
            lose_link(status.error);
        }
        // An answer brings the next packet at once, as a SYN-ACK does the ACK; where nothing was
        // answered, to look again would most often be a system call for nothing.
        if (status.kind != Kind::more || !sent_) {
            break;
        }
    }
    return any;
}

void RunLoop::read_more(link::ReceiveStatus& status) {
    // Packets queue up: with some of them at hand connections are fetched ahead of their turn.
    while (status.kind == link::ReceiveStatus::Kind::more && batch_.size() < most_at_once) {
        const std::size_t before = batch_.size();
        status = world_.link.receive(batch_);
        expect_from(before);
    }
}

void RunLoop::expect_from(std::size_t first) {
    for (std::size_t i = first; i < batch_.size(); ++i) {
        world_.engine.expect(batch_[i]);
    }
}

void RunLoop::lose_link(int error) {
    if (link_gone_) {
        return;
    }
    link_gone_ = true;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, world_.link.poll_fd(), nullptr);
    const std::string why =
        error == 0 ? "" : std::string(" (reading it failed: ") + std::strerror(error) + ")";
    if (world_.needs_link) {
        failure_ = "the link is gone (" + world_.link.describe() + "): nothing arrives" + why + ".";
        return;
    }
    // Without its interface COMMAND's network is dead; COMMAND itself may still have an end.
    world_.sinks.notice(world_.clock.now(), "link",
                        "The link to COMMAND is gone; nothing arrives any more" + why + ".");
}

void RunLoop::deliver() {
    world_.engine.take_packets(emissions_);
    const bool burst = emissions_.size() > 1;
    sent_ = sent_ || !emissions_.empty();
    if (burst) {
        world_.link.begin_burst();
    }
    undelivered_.clear();
    for (std::size_t i = 0; i < emissions_.size(); ++i) {
        if (!world_.link.send(emissions_[i].packet)) {
            undelivered_.push_back(i);
        }
    }
    if (burst) {
        // The link knows only now what became of those that it has held back.
        const auto lost = world_.link.end_burst();
        undelivered_.insert(undelivered_.end(), lost.begin(), lost.end());
        std::sort(undelivered_.begin(), undelivered_.end());
    }
    if (!undelivered_.empty() || (!emissions_.empty() && !world_.sinks.empty())) {
        tell_departures();
    }
    emissions_.clear();
    world_.engine.take_events(events_);
    for (event::Event& event : events_) {
        world_.sinks.record(std::move(event));
    }
    events_.clear();
}

void RunLoop::tell_departures() {
    const Instant now = world_.clock.now();
    auto lost = undelivered_.begin();
    for (std::size_t i = 0; i < emissions_.size(); ++i) {
        if (lost != undelivered_.end() && *lost == i) {
            ++lost;
            world_.engine.undelivered(emissions_[i], now);
        } else {
            world_.sinks.record({now, 0, 0,
                                 event::Packet{event::Direction::out, emissions_[i].packet,
                                               emissions_[i].segment}});
        }
    }
}

}  // namespace ghostpeer::loop
