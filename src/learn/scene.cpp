#include "learn/scene.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace ghostpeer::learn {

using capture::Conversation;
using capture::Segment;
using capture::Side;
using wire::Flags;

std::uint32_t occupied(const Segment& segment) noexcept {
    return segment.length + (segment.flags.has(Flags::syn) ? 1U : 0U) +
           (segment.flags.has(Flags::fin) ? 1U : 0U);
}

std::int64_t end_place(const Segment& segment) noexcept {
    return segment.place + static_cast<std::int64_t>(occupied(segment));
}

namespace {

wire::SeqNum isn_of(const Conversation& conversation, Side side) {
    if (conversation.of(side).isn) {
        return *conversation.of(side).isn;
    }
    for (const Segment& segment : conversation.segments) {
        if (segment.from == side && !segment.flags.has(Flags::rst)) {
            return segment.seq - static_cast<std::uint32_t>(segment.place);
        }
    }
    for (const Segment& segment : conversation.segments) {
        if (segment.from != side && segment.flags.has(Flags::ack)) {
            return segment.ack - static_cast<std::uint32_t>(segment.ack_place);
        }
    }
    return wire::SeqNum(0x1000'0000);
}

/// The shortest time from what one side sent to its acknowledgement. What was sent twice says
/// nothing (Karn).
std::optional<Duration> shortest_answer(const std::vector<Segment>& acts, Side to) {
    std::optional<Duration> shortest;
    struct Sent {
        std::int64_t end;
        Duration at;
    };
    std::vector<Sent> open;
    for (const Segment& act : acts) {
        if (act.from == to) {
            if (act.retransmission) {
                open.clear();
            } else if (occupied(act) > 0 && open.size() < 1000) {
                open.push_back({end_place(act), act.at});
            }
            continue;
        }
        if (!act.flags.has(Flags::ack)) {
            continue;
        }
        std::erase_if(open, [&](const Sent& sent) {
            const bool answered = act.ack_place >= sent.end;
            if (answered) {
                shortest = std::min(shortest.value_or(act.at - sent.at), act.at - sent.at);
            }
            return answered;
        });
    }
    return shortest;
}

/// The round trip between the capture's place and the program, which is none where it was made
/// there. A program that was slow once is not far away: its fastest answer counts.
Duration near_part(const Conversation& conversation, Side program) {
    const Side peer = capture::other(program);
    if (conversation.perspective ==
        (program == Side::client ? capture::Perspective::client : capture::Perspective::server)) {
        return {};
    }
    const auto& told = program == Side::client ? conversation.rtt_client : conversation.rtt_server;
    const Duration known = told.value_or(conversation.rtt.value_or(Duration{}));
    const Duration fastest = shortest_answer(conversation.segments, peer).value_or(known);
    const Duration part = std::min(known, fastest);
    return part >= shortest_way ? part : Duration{};
}

Segment made_up(const Scene& scene, Side from, std::uint8_t flags, Duration at) {
    Segment segment;
    segment.from = from;
    segment.at = at;
    segment.flags.bits = flags;
    const bool syn = segment.flags.has(Flags::syn);
    segment.place = syn ? 0 : 1;
    segment.ack_place = segment.flags.has(Flags::ack) ? 1 : 0;
    const auto own = from == scene.peer ? scene.peer_isn : scene.program_isn;
    const auto other = from == scene.peer ? scene.program_isn : scene.peer_isn;
    segment.seq = own + static_cast<std::uint32_t>(segment.place);
    segment.ack = other + static_cast<std::uint32_t>(segment.ack_place);
    segment.window = UINT16_MAX;
    segment.offered = UINT16_MAX;
    segment.ttl = 64;
    segment.dont_fragment = true;
    segment.kind = !syn                            ? tcp::Kind::ack
                   : segment.flags.has(Flags::ack) ? tcp::Kind::syn_ack
                                                   : tcp::Kind::syn;
    return segment;
}

/// Nobody can meet a connection that is open already, so the handshake that must have been is put
/// in front, in no time but that of its way.
void put_handshake(Scene& scene, const Conversation& conversation) {
    scene.has_handshake = false;
    const Side opener = Side::client;
    std::uint32_t largest = 536;
    bool timestamps = false;
    for (const Segment& act : scene.acts) {
        largest = std::max(largest, std::min<std::uint32_t>(act.length, 1460));
        timestamps = timestamps || act.options.timestamps.has_value();
    }
    std::vector<Segment> front{
        made_up(scene, opener, Flags::syn, Duration{}),
        made_up(scene, capture::other(opener), Flags::syn | Flags::ack, Duration{}),
        made_up(scene, opener, Flags::ack, Duration{})};
    const Duration lead = scene.rtt + std::chrono::milliseconds(1);
    front[1].at = front[2].at = opener == scene.peer ? Duration{} : scene.rtt;
    for (Segment& segment : front) {
        if (segment.flags.has(Flags::syn)) {
            segment.options.mss = static_cast<std::uint16_t>(largest);
            if (timestamps) {
                segment.options.timestamps = wire::Timestamps{1, 0};
            }
        }
    }
    for (Segment& act : scene.acts) {
        act.at += lead;
    }
    for (capture::Icmp& error : scene.icmp) {
        error.at += lead;
    }
    scene.shift -= lead;
    scene.acts.insert(scene.acts.begin(), front.begin(), front.end());
    scene.remarks.push_back(fmt::format(
        "The capture begins in the middle of the conversation, at packet {}: what the handshake "
        "agreed on (MSS, window scale, options) is not known, and the profile begins with an "
        "ordinary one.",
        conversation.first_packet));
}

/// What was captured before it was lost on its way to the program: the peer sent it again, and the
/// program had acknowledged nothing of it. The program never saw it.
void leave_out_lost(Scene& scene) {
    constexpr std::size_t furthest = 2000;
    std::vector<bool> lost(scene.acts.size());
    for (std::size_t i = 0; i < scene.acts.size(); ++i) {
        const Segment& act = scene.acts[i];
        if (!scene.by_peer(act) || occupied(act) == 0) {
            continue;
        }
        for (std::size_t j = i + 1; j < std::min(scene.acts.size(), i + furthest); ++j) {
            const Segment& later = scene.acts[j];
            if (!scene.by_peer(later)) {
                if (later.flags.has(Flags::ack) && later.ack_place > act.place) {
                    break;
                }
            } else if (later.retransmission && later.place == act.place) {
                lost[i] = true;
                scene.remarks.push_back(fmt::format(
                    "Packet {} was captured, and lost on its way to the program: packet {} is the "
                    "same once more.",
                    act.packet, later.packet));
                break;
            }
        }
    }
    std::size_t at = 0;
    std::erase_if(scene.acts, [&](const Segment&) { return static_cast<bool>(lost[at++]); });
    constexpr std::size_t most_remarks = 100;
    scene.remarks.resize(std::min(scene.remarks.size(), most_remarks));
}

}  // namespace

Scene make_scene(const Conversation& conversation, Side peer) {
    Scene scene;
    scene.peer = peer;
    const Side program = capture::other(peer);
    scene.peer_end = conversation.of(peer).endpoint;
    scene.program_end = conversation.of(program).endpoint;
    scene.peer_isn = isn_of(conversation, peer);
    scene.program_isn = isn_of(conversation, program);
    scene.peer_known = std::ranges::any_of(conversation.segments, [&](const Segment& segment) {
        return segment.from == peer && !segment.flags.has(Flags::rst);
    });
    const Duration half = near_part(conversation, program) / 2;
    for (const Segment& segment : conversation.segments) {
        if (scene.acts.size() >= most_segments) {
            scene.remarks.push_back(
                fmt::format("From packet {} on the conversation is too long to be rehearsed: it is "
                            "in no rule.",
                            segment.packet));
            break;
        }
        scene.acts.push_back(segment);
        scene.acts.back().at += segment.from == peer ? half : -half;
    }
    for (const capture::Icmp& error : conversation.icmp) {
        if (error.about == program && scene.icmp.size() < 1000) {
            scene.icmp.push_back(error);
            scene.icmp.back().at += half;
        }
    }
    std::ranges::stable_sort(scene.acts, {}, &Segment::at);
    const Duration first = scene.acts.empty() ? conversation.begin : scene.acts.front().at;
    for (Segment& act : scene.acts) {
        act.at -= first;
    }
    for (capture::Icmp& error : scene.icmp) {
        error.at = std::max(error.at - first, Duration{});
    }
    scene.shift = first;
    if (half > Duration{}) {
        leave_out_lost(scene);
    }
    scene.rtt =
        shortest_answer(scene.acts, program).value_or(conversation.rtt.value_or(Duration{}));
    if (!scene.acts.empty() && !scene.acts.front().flags.has(Flags::syn)) {
        put_handshake(scene, conversation);
    }
    return scene;
}

}  // namespace ghostpeer::learn
