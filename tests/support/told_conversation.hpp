// A conversation of a capture, written down by hand.
#pragma once

#include "capture/conversation.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace ghostpeer::testing {

/// Numbers are places in the streams: a SYN is 0, the first byte 1. Times are since the first
/// packet; packets are numbered as they are told.
class Told {
  public:
    using Flags = wire::Flags;
    static constexpr std::uint8_t data_flags = Flags::psh | Flags::ack;

    Told() {
        conversation.number = 1;
        conversation.first_packet = 1;
        conversation.perspective = capture::Perspective::client;
        conversation.of(capture::Side::client).endpoint = {*wire::IpAddress::parse("198.18.0.1"),
                                                           40'000};
        conversation.of(capture::Side::server).endpoint = {*wire::IpAddress::parse("198.18.0.2"),
                                                           80};
        for (const capture::Side side : {capture::Side::client, capture::Side::server}) {
            conversation.of(side).ttl = 64;
            conversation.of(side).dont_fragment = true;
        }
    }

    capture::Segment& tell(capture::Side from, Duration at, std::uint8_t flags, std::int64_t place,
                           std::int64_t ack, std::string_view payload = {}) {
        capture::Segment segment;
        segment.packet = ++packets_;
        segment.at = at;
        segment.from = from;
        segment.flags.bits = flags;
        segment.place = place;
        segment.ack_place = ack;
        segment.seq = isn(from) + static_cast<std::uint32_t>(place);
        segment.ack =
            wire::SeqNum(segment.flags.has(Flags::ack)
                             ? (isn(capture::other(from)) + static_cast<std::uint32_t>(ack)).raw()
                             : 0);
        segment.window = segment.flags.has(Flags::syn) ? 64'240 : 502;
        segment.offered = segment.flags.has(Flags::syn) ? 64'240 : 502 * 128;
        if (segment.flags.has(Flags::syn)) {
            segment.options.mss = std::uint16_t{1460};
            segment.options.window_scale = std::uint8_t{7};
            segment.options.sack_permitted = true;
            conversation.of(from).isn = isn(from);
            conversation.of(from).options = segment.options;
            conversation.of(from).syn_window = segment.window;
        }
        segment.ttl = 64;
        segment.dont_fragment = true;
        segment.payload.assign(payload.begin(), payload.end());
        segment.length = static_cast<std::uint32_t>(payload.size());
        auto& reached = reached_[static_cast<std::size_t>(from)];
        const std::int64_t end =
            place + static_cast<std::int64_t>(segment.length) +
            (segment.flags.has(Flags::syn) || segment.flags.has(Flags::fin) ? 1 : 0);
        segment.retransmission = end > place && end <= reached;
        segment.fresh = end > reached ? segment.length : 0;
        reached = std::max(reached, end);
        capture::End& own = conversation.of(from);
        own.packets += 1;
        own.most_window = std::max(own.most_window, segment.offered);
        conversation.end = std::max(conversation.end, at);
        conversation.last_packet = segment.packet;
        conversation.segments.push_back(std::move(segment));
        return conversation.segments.back();
    }
    capture::Segment& program(Duration at, std::uint8_t flags, std::int64_t place, std::int64_t ack,
                              std::string_view payload = {}) {
        return tell(capture::Side::client, at, flags, place, ack, payload);
    }
    capture::Segment& peer(Duration at, std::uint8_t flags, std::int64_t place, std::int64_t ack,
                           std::string_view payload = {}) {
        return tell(capture::Side::server, at, flags, place, ack, payload);
    }
    /// SYN, SYN-ACK, ACK, the answer after so long.
    void handshake(Duration rtt = {}) {
        using namespace std::chrono_literals;
        program(0ms, Flags::syn, 0, 0);
        peer(rtt, Flags::syn | Flags::ack, 0, 1);
        program(rtt, Flags::ack, 1, 1);
    }

    capture::Conversation conversation;

  private:
    static wire::SeqNum isn(capture::Side side) {
        return wire::SeqNum(side == capture::Side::client ? 1'000'000 : 0xffff'ff00);
    }
    std::uint64_t packets_ = 0;
    std::int64_t reached_[2] = {0, 0};
};

}  // namespace ghostpeer::testing
