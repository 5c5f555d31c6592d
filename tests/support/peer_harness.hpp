// A program's kernel in a few lines, opposite to an engine in virtual time.
#pragma once

#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "packets/packets.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::testing {

using namespace std::chrono_literals;
using wire::Flags;
using wire::Segment;
using wire::SeqNum;

[[nodiscard]] inline std::shared_ptr<const profile::Profile> profile_of(
    const std::string& body, const profile::Parameters& parameters = {}) {
    const auto loaded = profile::load_text("summary: a test\n" + body, "test.yaml", parameters);
    INFO(profile::to_string(loaded.errors));
    REQUIRE(loaded.profile);
    return loaded.profile;
}

[[nodiscard]] inline peer::Settings test_settings() {
    peer::Settings settings;
    settings.seed = 7;
    settings.packets = &packets::library();
    return settings;
}

/// The engine, the instant, and what came of it so far.
class World {
  public:
    explicit World(const std::string& body, peer::Settings settings = test_settings())
        : rtt(settings.rtt), engine(settings, {peer::PeerSpec{{}, {}, profile_of(body)}}) {}
    World(peer::Settings settings, std::vector<peer::PeerSpec> peers)
        : rtt(settings.rtt), engine(settings, std::move(peers)) {}

    /// Steps through every deadline up to `at`, then stands there.
    void until(Duration at) {
        const Instant target = run_start + at;
        for (int step = 0; step < 100'000; ++step) {
            const auto next = engine.next_deadline();
            if (!next || *next > target) {
                break;
            }
            now = std::max(now, *next);
            engine.on_time(now);
            collect();
        }
        now = target;
        engine.on_time(now);
        collect();
    }
    void pass(Duration length) { until(now.time_since_epoch() + length); }

    void arrives(const Segment& segment) { arrives(wire::encode(segment)); }
    void arrives(const wire::Bytes& packet) {
        engine.on_packet(packet, now);
        collect();
    }

    /// The segments that have left since the last call.
    std::vector<Segment> take() { return std::exchange(left_, {}); }
    [[nodiscard]] const std::vector<wire::Bytes>& other_packets() const { return others_; }

    template <typename Wanted>
    [[nodiscard]] std::vector<Wanted> all() const {
        std::vector<Wanted> wanted;
        for (const auto& event : events) {
            if (const auto* one = std::get_if<Wanted>(&event.what)) {
                wanted.push_back(*one);
            }
        }
        return wanted;
    }
    /// Segment events of a direction with a fate.
    [[nodiscard]] std::vector<event::Segment> segments(event::Direction direction,
                                                       event::Fate fate) const {
        auto wanted = all<event::Segment>();
        std::erase_if(wanted, [&](const auto& segment) {
            return segment.direction != direction || segment.fate != fate;
        });
        return wanted;
    }
    [[nodiscard]] peer::RuleStatistics rule(std::size_t id) const {
        return engine.profiles().at(0).rules.at(id);
    }

    /// What others than the engine have to tell.
    template <typename What>
    void told(What&& what) {
        collect();
        events.push_back({now, 0, 0, std::forward<What>(what)});
    }
    /// The run is about to end.
    void conclude() {
        engine.conclude(now);
        collect();
    }

    Duration rtt;
    bool virtual_time = false;
    peer::Engine engine;
    Instant now = run_start;
    std::vector<event::Event> events;

    void collect() {
        std::vector<peer::Emission> emissions;
        engine.take_packets(emissions);
        for (const auto& emission : emissions) {
            auto decoded = wire::decode(emission.packet);
            if (auto* segment = std::get_if<Segment>(&decoded)) {
                left_.push_back(std::move(*segment));
            } else {
                others_.push_back(emission.packet);
            }
        }
        engine.take_events(events);
    }

  private:
    std::vector<Segment> left_;
    std::vector<wire::Bytes> others_;
};

/// One connection of the program. It keeps honest numbers and says nothing on its own.
class Socket {
  public:
    static constexpr std::uint32_t near_the_wrap = 0xffffff00;

    explicit Socket(World& world, std::uint16_t port = 40'000, std::string_view to = "198.18.0.2",
                    std::uint16_t to_port = 80, std::uint32_t isn = near_the_wrap)
        : world_(world), iss(isn), snd_nxt(isn) {
        const auto address = wire::IpAddress::parse(to);
        REQUIRE(address);
        const auto own = wire::IpAddress::parse(address->is_v4() ? "198.18.0.1" : "2001:2::1");
        flow_ = {{*address, to_port}, {*own, port}};
    }

    [[nodiscard]] Segment segment(std::uint8_t flags) const {
        Segment segment;
        segment.source = flow_.remote;
        segment.destination = flow_.local;
        segment.flags.bits = flags;
        segment.seq = snd_nxt;
        segment.ack = SeqNum((flags & Flags::ack) != 0 ? rcv_nxt.raw() : 0);
        segment.window = 64240;
        return segment;
    }

    void send_syn() {
        Segment syn = segment(Flags::syn);
        syn.seq = iss;
        syn.options.mss = 1460;
        world_.arrives(syn);
        snd_nxt = iss + 1;
    }
    /// SYN, SYN-ACK, ACK.
    void connect() {
        send_syn();
        const auto answers = world_.take();
        REQUIRE(answers.size() == 1);
        REQUIRE(answers[0].flags == Flags{Flags::syn | Flags::ack});
        peer_iss = answers[0].seq;
        rcv_nxt = answers[0].seq + 1;
        send_ack();
    }
    void send_ack() { world_.arrives(segment(Flags::ack)); }
    void send_data(std::string_view text) {
        Segment data = segment(Flags::ack | Flags::psh);
        data.payload.assign(text.begin(), text.end());
        snd_nxt += static_cast<std::uint32_t>(text.size());
        world_.arrives(data);
    }
    void send_bytes(std::size_t n) { send_data(std::string(n, 'x')); }
    void send_fin() {
        const Segment fin = segment(Flags::fin | Flags::ack);
        snd_nxt += 1;
        world_.arrives(fin);
    }
    void send_rst() { world_.arrives(segment(Flags::rst)); }
    /// As Linux: an ACK without payload one before the next number.
    void send_probe() {
        Segment probe = segment(Flags::ack);
        probe.seq = snd_nxt - 1;
        world_.arrives(probe);
    }
    /// Takes note of what the peer has sent, and returns its payload.
    std::string receive() {
        std::string text;
        for (const Segment& segment : world_.take()) {
            if (segment.seq == rcv_nxt) {
                text.append(segment.payload.begin(), segment.payload.end());
                rcv_nxt = segment.end();
            }
        }
        return text;
    }

  private:
    World& world_;
    wire::Flow flow_;

  public:
    SeqNum iss;
    SeqNum snd_nxt;
    SeqNum rcv_nxt;
    SeqNum peer_iss;
};

[[nodiscard]] inline std::string flags_of(const std::vector<Segment>& segments) {
    std::string text;
    for (const Segment& segment : segments) {
        text += (text.empty() ? "" : " ") + wire::flag_letters(segment.flags);
    }
    return text;
}

}  // namespace ghostpeer::testing
