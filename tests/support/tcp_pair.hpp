// Two Tcbs with a channel between them that loses, duplicates and reorders, in virtual time.
#pragma once

#include "ghostpeer/tcp/tcb.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace ghostpeer::test {

struct Channel {
    double loss = 0;
    double duplication = 0;
    Duration delay = std::chrono::milliseconds(10);
    Duration jitter{};  ///< up to this much more, so that segments overtake each other
};

/// One end and its application: writes `outgoing`, reads into `incoming`, then closes.
struct End {
    tcp::Config config;
    tcp::Tcb tcb;
    wire::Bytes outgoing;
    std::size_t written = 0;
    wire::Bytes incoming;
    std::size_t write_chunk = 10000;
    std::size_t read_chunk = SIZE_MAX;
    Instant reads_from{};       ///< the application sleeps until then
    bool closes_first = false;  ///< as soon as all is written, else after the other's FIN
    bool finished = false;
    bool listens = false;  ///< takes up the first SYN that comes
    std::uint64_t sent_segments = 0;
    std::uint64_t sent_again = 0;
    std::uint64_t largest_heap = 0;
    wire::SeqNum offered_edge{};
    bool edge_known = false;
    std::uint64_t edge_retreats = 0;
};

class Pair {
  public:
    explicit Pair(std::uint64_t seed) : random(seed) {}

    std::array<End, 2> ends;
    Channel channel;
    std::mt19937_64 random;
    Instant now = run_start + std::chrono::seconds(1);
    bool sack = true;
    bool timestamps = true;
    std::optional<std::uint8_t> scale = 7;
    std::uint16_t mss = 1460;

    /// Both ends come up as if the other had sent the SYN, and meet in ESTABLISHED.
    void establish() {
        const std::array<wire::SeqNum, 2> iss{wire::SeqNum{0xffff'ff00U},
                                              wire::SeqNum{0x7fff'ff80U}};
        std::array<tcp::Output, 2> out;
        for (std::size_t i = 0; i < 2; ++i) {
            wire::Segment syn;
            syn.seq = iss.at(1 - i);
            syn.flags.bits = wire::Flags::syn;
            syn.window = static_cast<std::uint16_t>(
                std::min<std::uint32_t>(ends.at(1 - i).config.window.value_or(64240), 65535));
            syn.options.mss = mss;
            syn.options.sack_permitted = sack;
            if (timestamps) {
                syn.options.timestamps = {milliseconds() + 1000U * static_cast<unsigned>(1 - i), 0};
            }
            syn.options.window_scale = scale;
            ends.at(i).tcb.open_passive(ends.at(i).config,
                                        {iss.at(i), 1000U * static_cast<unsigned>(i), mss}, syn,
                                        now, out.at(i));
        }
        for (std::size_t i = 0; i < 2; ++i) {
            wire::Segment ack;
            ack.seq = iss.at(1 - i) + 1;
            ack.ack = iss.at(i) + 1;
            ack.flags.bits = wire::Flags::ack;
            ack.window = window_field(ends.at(1 - i));
            if (timestamps) {
                ack.options.timestamps = {milliseconds() + 1000U * static_cast<unsigned>(1 - i),
                                          ends.at(i).tcb.timestamp_now(now)};
            }
            out.at(i).clear();
            ends.at(i).tcb.on_segment(std::move(ack), now, out.at(i));
        }
        for (std::size_t i = 0; i < 2; ++i) {
            ends.at(i).edge_known = true;
            ends.at(i).offered_edge = ends.at(i).tcb.rcv().nxt + ends.at(i).tcb.rcv().wnd;
            drive(i);
        }
    }

    /// End `i` opens through the channel; the other one listens unless it opens as well.
    void dial(std::size_t i) {
        for (End& each : ends) {
            each.config.sack = sack;
            each.config.timestamps = timestamps;
            each.config.window_scale = scale;
        }
        End& end = ends.at(i);
        end.listens = false;
        end.tcb.open_active(end.config, environment(i), now, out_);
        ends.at(1 - i).listens = ends.at(1 - i).tcb.state() == tcp::State::closed;
        drive(i);
    }

    /// Runs until both ends are gone or in TIME-WAIT, or until `limit`.
    bool run(Instant limit) {
        while (now < limit) {
            if (over(0) && over(1)) {
                return true;
            }
            Instant next = limit;
            if (!in_flight_.empty()) {
                next = std::min(next, in_flight_.begin()->first);
            }
            for (End& end : ends) {
                if (const auto deadline = end.tcb.next_deadline()) {
                    next = std::min(next, *deadline);
                }
                if (end.reads_from > now) {
                    next = std::min(next, end.reads_from);
                } else if (!end.tcb.readable().empty()) {
                    next = std::min(next, now + std::chrono::milliseconds(1));
                }
            }
            now = std::max(now, next);
            step();
        }
        return over(0) && over(1);
    }

  private:
    [[nodiscard]] std::uint32_t milliseconds() const {
        return static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    }

    [[nodiscard]] std::uint16_t window_field(const End& end) const {
        const unsigned shift = scale && end.config.window_scale ? *end.config.window_scale : 0;
        return static_cast<std::uint16_t>(
            std::min<std::uint32_t>(end.config.window.value_or(64240) >> shift, 65535));
    }

    [[nodiscard]] tcp::Tcb::Environment environment(std::size_t i) const {
        constexpr std::array<wire::SeqNum, 2> iss{wire::SeqNum{0xffff'ff00U},
                                                  wire::SeqNum{0x7fff'ff80U}};
        return {iss.at(i), 1000U * static_cast<unsigned>(i), mss};
    }

    [[nodiscard]] bool over(std::size_t i) const {
        const tcp::State state = ends.at(i).tcb.state();
        return !ends.at(i).listens &&
               (state == tcp::State::closed || state == tcp::State::time_wait) &&
               ends.at(i).tcb.readable().empty();
    }

    void step() {
        while (!in_flight_.empty() && in_flight_.begin()->first <= now) {
            auto [to, segment] = std::move(in_flight_.begin()->second);
            in_flight_.erase(in_flight_.begin());
            arrive(to, std::move(segment));
            drive(to);
        }
        for (std::size_t i = 0; i < 2; ++i) {
            ends.at(i).tcb.on_timer(now, out_);
            drive(i);
        }
    }

    void arrive(std::size_t i, wire::Segment&& segment) {
        End& end = ends.at(i);
        if (!end.listens) {
            end.tcb.on_segment(std::move(segment), now, out_);
        } else if (segment.flags.bits == wire::Flags::syn) {
            end.listens = false;
            end.tcb.open_passive(end.config, environment(i), segment, now, out_);
        }
    }

    void drive(std::size_t i) {
        End& end = ends.at(i);
        read(end);
        end.tcb.acknowledge(now, out_);
        write(end);
        end.tcb.transmit(now, out_);
        end.largest_heap = std::max<std::uint64_t>(end.largest_heap, end.tcb.heap_bytes());
        for (tcp::Reply& reply : out_.replies) {
            ++end.sent_segments;
            end.sent_again += reply.retransmission ? 1 : 0;
            watch_window(end, reply);
            put(1 - i, std::move(reply.segment));
        }
        out_.clear();
    }

    void watch_window(End& end, const tcp::Reply& reply) {
        if (reply.reason == tcp::Reason::rst || reply.reason == tcp::Reason::syn) {
            return;
        }
        if (!end.edge_known) {
            end.edge_known = true;
            end.offered_edge = reply.segment.ack;
        }
        if (reply.reason == tcp::Reason::syn_ack) {
            return;  // its window is not scaled
        }
        const wire::SeqNum edge =
            reply.segment.ack + (std::uint32_t{reply.segment.window} << end.tcb.rcv().scale);
        // What rounding takes back is no retreat.
        if (edge + (1U << end.tcb.rcv().scale) <= end.offered_edge) {
            ++end.edge_retreats;
        }
        end.offered_edge = max(end.offered_edge, edge);
    }

    void read(End& end) {
        if (now < end.reads_from) {
            return;
        }
        const auto bytes = end.tcb.readable();
        const auto taken = bytes.first(std::min(bytes.size(), end.read_chunk));
        end.incoming.insert(end.incoming.end(), taken.begin(), taken.end());
        end.tcb.consume(taken.size());
    }

    void write(End& end) {
        while (end.written < end.outgoing.size() && end.tcb.send_room() > 0) {
            const std::size_t n =
                std::min({end.tcb.send_room(), end.write_chunk, end.outgoing.size() - end.written});
            end.tcb.send(std::span(end.outgoing).subspan(end.written, n));
            end.written += n;
        }
        const bool may_close = end.closes_first || end.tcb.at_end_of_stream();
        if (!end.finished && end.written == end.outgoing.size() && may_close &&
            end.tcb.synchronized()) {
            end.finished = true;
            end.tcb.shutdown(out_);
        }
    }

    void put(std::size_t to, wire::Segment&& segment) {
        std::uniform_real_distribution<double> chance(0, 1);
        if (chance(random) < channel.loss) {
            return;
        }
        const int copies = chance(random) < channel.duplication ? 2 : 1;
        for (int i = 0; i < copies; ++i) {
            const auto extra = Duration(static_cast<Duration::rep>(
                chance(random) * static_cast<double>(channel.jitter.count())));
            in_flight_.emplace(now + channel.delay + extra, std::pair(to, segment));
        }
    }

    std::multimap<Instant, std::pair<std::size_t, wire::Segment>> in_flight_;
    tcp::Output out_;
};

/// Bytes that differ from place to place and from seed to seed.
inline wire::Bytes random_bytes(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    wire::Bytes bytes(count);
    for (std::uint8_t& byte : bytes) {
        byte = static_cast<std::uint8_t>(random());
    }
    return bytes;
}

}  // namespace ghostpeer::test
