// The engine alone, without a kernel: memory for each connection and time for each segment.
//
//     engine_bench [CONNECTIONS]     prints one line of JSON
//
// Packets are made the way a program's kernel would make them; nothing is delayed and nothing is
// lost, so what is measured is a packet's whole way through the engine and its answer's way out.
#include "ghostpeer/peer/engine.hpp"
#include "ghostpeer/profile/loader.hpp"
#include "measure.hpp"
#include "posix/huge_pages.hpp"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>

namespace {

using namespace bench;
using namespace ghostpeer;

constexpr std::uint32_t initial_number = 4'294'000'000;  // of the program; wraps early
constexpr std::uint32_t peer_number = 1'000;             // of the peer, `isn` below
constexpr std::uint32_t payload_size = 100;
constexpr std::string_view profile_text = R"(summary: The benchmark's peer.
tcp: {isn: 1000, delayed_ack: off}
service: discard
)";

constexpr std::uint8_t syn_flag = 0x02;
constexpr std::uint8_t ack_flag = 0x10;
constexpr std::uint8_t push_ack_flags = 0x18;

struct Header {
    std::uint8_t flags;
    std::uint32_t seq;
    std::uint32_t ack;
};

/// An IPv4 packet of connection `index`, with timestamps as Linux has them on every segment.
class PacketMaker {
  public:
    std::span<const std::uint8_t> make(std::uint32_t index, const Header& header,
                                       std::uint32_t payload, std::uint32_t timestamp) {
        const bool syn = (header.flags & syn_flag) != 0;
        const std::size_t header_size = 20 + (syn ? 20 : 12);
        const std::size_t size = 20 + header_size + payload;
        auto* ip = packet_.data();
        std::memset(ip, 0, 20 + header_size);
        ip[0] = 0x45;
        put16(ip + 2, static_cast<std::uint16_t>(size));
        ip[6] = 0x40;
        ip[8] = 64;
        ip[9] = 6;
        put32(ip + 12, 0xc6120001);                  // 198.18.0.1
        put32(ip + 16, 0xc6120002 + index / ports);  // 198.18.0.2 and on
        put16(ip + 10, checksum(ip, 20, 0));

        auto* tcp = ip + 20;
        put16(tcp, static_cast<std::uint16_t>(1024 + index % ports));
        put16(tcp + 2, 80);
        put32(tcp + 4, header.seq);
        put32(tcp + 8, header.ack);
        tcp[12] = static_cast<std::uint8_t>(header_size / 4 << 4);
        tcp[13] = header.flags;
        put16(tcp + 14, 502);
        auto* option = tcp + 20;
        if (syn) {
            constexpr std::array<std::uint8_t, 10> mss_sack_scale{2, 4, 0x05, 0xb4, 4,
                                                                  2, 1, 3,    3,    7};
            std::copy(mss_sack_scale.begin(), mss_sack_scale.end(), option);
            option += mss_sack_scale.size();
        } else {
            *option++ = 1;
            *option++ = 1;
        }
        *option++ = 8;
        *option++ = 10;
        put32(option, timestamp);
        const auto length = static_cast<std::uint32_t>(header_size + payload);
        put16(tcp + 16, checksum(tcp, length, pseudo_header(ip, length)));
        return {packet_.data(), size};
    }

  private:
    static constexpr std::uint32_t ports = 50'000;

    static void put16(std::uint8_t* at, std::uint16_t value) {
        at[0] = static_cast<std::uint8_t>(value >> 8);
        at[1] = static_cast<std::uint8_t>(value);
    }
    static void put32(std::uint8_t* at, std::uint32_t value) {
        put16(at, static_cast<std::uint16_t>(value >> 16));
        put16(at + 2, static_cast<std::uint16_t>(value));
    }
    static std::uint64_t words(const std::uint8_t* at, std::size_t size) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i + 1 < size; i += 2) {
            sum += static_cast<std::uint64_t>(at[i]) << 8 | at[i + 1];
        }
        return sum;
    }
    static std::uint64_t pseudo_header(const std::uint8_t* ip, std::uint32_t length) {
        return words(ip + 12, 8) + 6 + length;
    }
    /// RFC 1071; `size` is even.
    static std::uint16_t checksum(const std::uint8_t* at, std::size_t size, std::uint64_t sum) {
        sum += words(at, size);
        while (sum >> 16 != 0) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return static_cast<std::uint16_t>(~sum);
    }

    std::array<std::uint8_t, 20 + 40 + payload_size> packet_{};
};

/// Bytes that the allocator has given out, its own overhead included.
std::size_t heap_in_use() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

class Bench {
  public:
    explicit Bench(std::uint32_t connections)
        : connections_(connections), engine_(settings(connections, memory_), peers()) {
        packets_.reserve(64);
        events_.reserve(64);
    }

    [[nodiscard]] std::uint32_t connections() const noexcept { return connections_; }

    /// Heap bytes for each connection that is established.
    double establish() {
        const auto before = heap_in_use() + memory_.in_use();
        for (std::uint32_t i = 0; i < connections_; ++i) {
            deliver(maker_.make(i, {syn_flag, initial_number, 0}, 0, timestamp()));
            if (packets_.size() != 1) {
                throw std::runtime_error("a SYN was not answered by one packet");
            }
            packets_.clear();
            deliver(
                maker_.make(i, {ack_flag, initial_number + 1, peer_number + 1}, 0, timestamp()));
            packets_.clear();
        }
        if (engine_.live_connections() != connections_) {
            throw std::runtime_error("not all connections are established");
        }
        return static_cast<double>(heap_in_use() + memory_.in_use() - before) / connections_;
    }

    /// Nanoseconds for a data segment and its acknowledgement, the making of the packet left out.
    /// Each round brings one segment for each connection, in this order.
    double segment_cost(const std::vector<std::uint32_t>& order, std::uint32_t rounds) {
        const auto first = round_;
        const auto start = Clock::now();
        for (; round_ < first + rounds; ++round_) {
            for (std::size_t from = 0; from < order.size(); from += batch_size) {
                const auto batch = make_batch(std::span(order).subspan(from), true);
                for (std::size_t i = 0; i < batch.size(); ++i) {
                    deliver(batch[i]);
                    answers_ += packets_.size();
                    packets_.clear();
                }
            }
        }
        const double all = seconds_since(start);

        const auto start_making = Clock::now();
        std::uint64_t sum = 0;
        for (std::uint32_t round = 0; round < rounds; ++round) {
            for (std::size_t from = 0; from < order.size(); from += batch_size) {
                sum += make_batch(std::span(order).subspan(from), false).front()[36];
            }
        }
        const double making = seconds_since(start_making);
        const auto segments = static_cast<double>(order.size()) * rounds;
        if (answers_ != order.size() * rounds || sum == UINT64_MAX) {
            throw std::runtime_error("not every data segment was acknowledged at once");
        }
        answers_ = 0;
        return (all - making) * 1e9 / segments;
    }

    void close_all() {
        for (std::uint32_t i = 0; i < connections_; ++i) {
            constexpr std::uint8_t rst_ack = 0x14;
            const auto seq = initial_number + 1 + round_ * payload_size;
            deliver(maker_.make(i, {rst_ack, seq, peer_number + 1}, 0, timestamp()));
            packets_.clear();
        }
        if (engine_.live_connections() != 0) {
            throw std::runtime_error("connections are left after their RST");
        }
    }

  private:
    static constexpr std::size_t batch_size = 16;
    using Packet = std::array<std::uint8_t, 20 + 32 + payload_size>;

    static peer::Settings settings(std::uint32_t connections, HugePages& memory) {
        peer::Settings settings;
        settings.memory = &memory;
        settings.max_connections = connections;
        settings.segment_events = false;
        return settings;
    }

    static std::vector<peer::PeerSpec> peers() {
        auto loaded = profile::load_text(profile_text, "bench.yaml");
        if (!loaded.profile) {
            throw std::runtime_error(profile::to_string(loaded.errors));
        }
        peer::PeerSpec everybody;
        everybody.profile = loaded.profile;
        return {everybody};
    }

    std::span<const std::uint8_t> data_segment(std::uint32_t index) {
        const auto seq = initial_number + 1 + round_ * payload_size;
        return maker_.make(index, {push_ack_flags, seq, peer_number + 1}, payload_size,
                           timestamp());
    }

    /// What the run loop reads at once where packets queue up: a batch of different connections.
    std::span<const Packet> make_batch(std::span<const std::uint32_t> indices, bool expected) {
        const std::size_t count = std::min(indices.size(), batch_size);
        for (std::size_t i = 0; i < count; ++i) {
            const auto packet = data_segment(indices[i]);
            std::copy(packet.begin(), packet.end(), batch_[i].begin());
            if (expected) {
                engine_.expect(batch_[i]);
            }
        }
        return std::span(batch_).first(count);
    }

    [[nodiscard]] std::uint32_t timestamp() const {
        return static_cast<std::uint32_t>(now_.time_since_epoch().count() / 1'000'000);
    }

    /// What the run loop does for a packet.
    void deliver(std::span<const std::uint8_t> packet) {
        now_ += std::chrono::microseconds(1);
        engine_.on_packet(packet, now_);
        const auto due = engine_.next_deadline();
        if (due && *due <= now_) {
            engine_.on_time(now_);
        }
        engine_.take_packets(packets_);
        engine_.take_events(events_);
        events_.clear();
    }

    std::uint32_t connections_;
    std::uint32_t round_ = 0;
    std::uint64_t answers_ = 0;
    Instant now_ = run_start;
    PacketMaker maker_;
    std::array<Packet, batch_size> batch_{};
    HugePages memory_;
    peer::Engine engine_;
    std::vector<peer::Emission> packets_;
    std::vector<event::Event> events_;
};

/// What the machine's memory costs by itself: nanoseconds to fetch records of a connection's size
/// in an order that nobody can guess, each batch fetched before its first record is needed.
double memory_cost(std::uint32_t records) {
    struct alignas(64) Record {
        std::array<std::uint64_t, 48> words;
    };
    constexpr std::uint32_t fetches = 1'000'000;
    constexpr std::size_t at_once = 16;
    HugePages memory;
    auto* const all =
        static_cast<Record*>(memory.allocate(records * sizeof(Record), alignof(Record)));
    std::fill_n(all, records, Record{});
    std::mt19937 random(1);
    std::vector<std::uint32_t> order(fetches);
    std::generate(order.begin(), order.end(), [&] { return random() % records; });
    std::uint64_t sum = 0;
    const auto start = Clock::now();
    for (std::size_t from = 0; from + at_once <= order.size(); from += at_once) {
        const auto batch = std::span(order).subspan(from, at_once);
        for (const std::uint32_t index : batch) {
            for (const std::uint64_t& word : all[index].words) {
                if (reinterpret_cast<std::uintptr_t>(&word) % 64 == 0) {
                    __builtin_prefetch(&word);
                }
            }
        }
        for (const std::uint32_t index : batch) {
            sum += all[index].words[sum % 8]++;
        }
    }
    const double seconds = seconds_since(start);
    memory.deallocate(all, records * sizeof(Record), alignof(Record));
    return sum == UINT64_MAX ? 0 : seconds * 1e9 / fetches;
}

/// Least nanoseconds for a segment, of a few connections and of many. They take turns, so that what
/// else the machine does meets both.
struct Costs {
    double few = HUGE_VAL;
    double many = HUGE_VAL;
};

Costs compare(Bench& few, Bench& many, bool random) {
    constexpr std::uint32_t segments = 1'000'000;
    constexpr std::uint32_t turns = 5;
    const auto order_of = [&](const Bench& bench) {
        std::vector<std::uint32_t> order(bench.connections());
        std::iota(order.begin(), order.end(), 0U);
        if (random) {
            std::shuffle(order.begin(), order.end(), std::mt19937(1));
        }
        return order;
    };
    const auto few_order = order_of(few);
    const auto many_order = order_of(many);
    const auto rounds = [](const Bench& bench) {
        return std::max(segments / turns / bench.connections(), 1U);
    };
    Costs costs;
    for (std::uint32_t turn = 0; turn < turns; ++turn) {
        costs.few = std::min(costs.few, few.segment_cost(few_order, rounds(few)));
        costs.many = std::min(costs.many, many.segment_cost(many_order, rounds(many)));
    }
    return costs;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        const auto many = static_cast<std::uint32_t>(argc > 1 ? std::stoul(argv[1]) : 200'000);
        constexpr std::uint32_t few = 1'000;
        Bench small(few);
        small.establish();
        Bench large(many);
        const double bytes = large.establish();
        const Costs in_turn = compare(small, large, false);
        const Costs random = compare(small, large, true);
        small.close_all();
        large.close_all();
        JsonLine()
            .add("connections", many)
            .add("bytes_per_connection", bytes)
            .add("few_round_robin_ns", in_turn.few)
            .add("few_random_ns", random.few)
            .add("many_round_robin_ns", in_turn.many)
            .add("many_random_ns", random.many)
            .add("fetch_ns", memory_cost(many) - memory_cost(few))
            .print();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "engine_bench: %s\n", error.what());
        return 1;
    }
}
