// Nothing that arrives may hang, grow or corrupt a connection.
#include "support/tcp_conversation.hpp"
#include "support/tcp_pair.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

/// A segment that is near the connection's numbers more often than chance would have it.
Segment forged(const tcp::Tcb& tcb, std::mt19937_64& random) {
    const auto near = [&](SeqNum base) {
        switch (random() % 6) {
            case 0: return SeqNum{static_cast<std::uint32_t>(random())};
            case 1: return base;
            case 2: return base - 1;
            case 3: return base + static_cast<std::uint32_t>(random() % 70'000);
            case 4: return base - static_cast<std::uint32_t>(random() % 70'000);
            default: return base + static_cast<std::uint32_t>(random() % 20);
        }
    };
    Segment segment;
    segment.seq = near(tcb.rcv().nxt);
    segment.ack = near(random() % 2 == 0 ? tcb.snd().una : tcb.snd().nxt);
    segment.flags.bits = static_cast<std::uint8_t>(random() % 8 == 0 ? random() : Flags::ack);
    if (random() % 4 != 0) {
        segment.flags.bits &= static_cast<std::uint8_t>(~Flags::rst);
    }
    if (random() % 30 != 0) {
        segment.flags.bits &= static_cast<std::uint8_t>(~Flags::fin);
    }
    segment.window = static_cast<std::uint16_t>(random() % 3 == 0 ? random() % 3 : random());
    if (random() % 2 == 0) {
        segment.payload.resize(random() % 3 == 0 ? random() % 3000 : random() % 4);
    }
    if (random() % 2 == 0) {
        segment.options.timestamps = {static_cast<std::uint32_t>(random()),
                                      static_cast<std::uint32_t>(random())};
    }
    for (std::uint64_t i = random() % 5; i > 0; --i) {
        segment.options.sack.push_back({near(tcb.snd().una), near(tcb.snd().nxt)});
    }
    return segment;
}

}  // namespace

TEST_CASE("forged segments neither crash nor grow a connection, and it sends no nonsense") {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        tcp::Config config;
        config.window = 20'000;
        config.send_buffer = 20'000;
        config.window_scale = static_cast<std::uint8_t>(random() % 20);
        config.sack = random() % 2 == 0;
        config.timestamps = random() % 2 == 0;
        config.nagle = random() % 2 == 0;
        config.mtu_probing = random() % 2 == 0;
        config.recovery = random() % 4 == 0 ? tcp::RecoveryKind::reno : tcp::RecoveryKind::rack;
        Segment syn;
        syn.seq = SeqNum{static_cast<std::uint32_t>(random())};
        syn.flags.bits = syn_bit;
        syn.window = static_cast<std::uint16_t>(random());
        syn.options.mss = static_cast<std::uint16_t>(random() % 2 == 0 ? random() % 3 : random());
        syn.options.window_scale = static_cast<std::uint8_t>(random());
        syn.options.sack_permitted = true;
        syn.options.timestamps = {static_cast<std::uint32_t>(random()), 0};
        tcp::Tcb tcb;
        tcp::Output out;
        Instant now = run_start;
        tcb.open_passive(config, {SeqNum{static_cast<std::uint32_t>(random())}, 0, 1460}, syn, now,
                         out);
        Segment ack;
        ack.seq = syn.seq + 1;
        ack.ack = tcb.snd().nxt;
        ack.flags.bits = ack_bit;
        ack.window = 500;
        ack.options.timestamps = syn.options.timestamps;
        tcb.on_segment(std::move(ack), now, out);
        const wire::Bytes text(5000, 7);
        for (int i = 0; i < 400 && tcb.state() != State::closed; ++i) {
            out.clear();
            now += Duration(static_cast<Duration::rep>(random() % 1'000'000'000));
            if (random() % 3 == 0) {
                tcb.on_timer(now, out);
            } else {
                tcb.on_segment(forged(tcb, random), now, out);
            }
            if (random() % 3 == 0) {
                tcb.consume(random() % 5000);
            }
            tcb.acknowledge(now, out);
            if (random() % 4 == 0 && tcb.send_room() > text.size()) {
                tcb.send(text);
            }
            if (random() % 300 == 0) {
                tcb.set_window(random() % 5000, random() % 2 == 0);
            }
            if (random() % 200 == 0) {
                tcb.shutdown(out);
            }
            if (random() % 50 == 0) {
                tcb.on_path_mss(tcb.snd().una, static_cast<std::uint16_t>(random() % 1500), now);
            }
            tcb.transmit(now, out);
            REQUIRE(out.replies.size() < 600);
            for (const tcp::Reply& reply : out.replies) {
                const Segment& s = reply.segment;
                REQUIRE(s.payload.size() <= 1460);
                if (!s.payload.empty()) {
                    REQUIRE(s.seq >= tcb.snd().iss + 1);
                    REQUIRE(s.end() <= tcb.snd().nxt);
                }
                for (const wire::SackBlock& block : s.options.sack) {
                    REQUIRE(block.left < block.right);
                }
            }
            REQUIRE(tcb.snd().una <= tcb.snd().nxt);
            REQUIRE(tcb.heap_bytes() < 200'000);
            REQUIRE(tcb.readable().size() < 60'000);
        }
    }
}

TEST_CASE("two ends that disagree do not answer each other for ever") {
    Conversation one;
    established(one);
    tcp::Tcb other;
    tcp::Config config;
    tcp::Output out;
    // The same flow, but with numbers of its own: a connection from before a reboot.
    Segment syn;
    syn.seq = SeqNum{123};
    syn.flags.bits = syn_bit;
    other.open_passive(config, {SeqNum{456'000'000}, 0, 1460}, syn, one.now, out);
    Segment ack;
    ack.seq = SeqNum{124};
    ack.ack = SeqNum{456'000'001};
    ack.flags.bits = ack_bit;
    other.on_segment(std::move(ack), one.now, out);
    out.clear();

    std::size_t exchanged = 0;
    std::vector<Segment> towards_one{other.template_segment(one.now)};
    for (int round = 0; round < 1000 && !towards_one.empty(); ++round) {
        std::vector<Segment> towards_other;
        tcp::Output answers;
        for (Segment& segment : towards_one) {
            one.tcb.on_segment(std::move(segment), one.now, answers);
            one.tcb.acknowledge(one.now, answers);
        }
        for (tcp::Reply& reply : answers.replies) {
            towards_other.push_back(std::move(reply.segment));
        }
        answers.clear();
        for (Segment& segment : towards_other) {
            other.on_segment(std::move(segment), one.now, answers);
            other.acknowledge(one.now, answers);
        }
        towards_one.clear();
        for (tcp::Reply& reply : answers.replies) {
            towards_one.push_back(std::move(reply.segment));
        }
        exchanged += towards_other.size() + towards_one.size();
    }
    CHECK(exchanged == 2);
}

TEST_CASE("a spurious timer call does nothing") {
    Conversation c;
    established(c);
    c.writes("x");
    c.sends(Reason::data);
    const auto deadline = c.tcb.next_deadline();
    tcp::Output out;
    for (int i = 0; i < 10; ++i) {
        c.tcb.on_timer(c.now + i * 10ms, out);
    }
    CHECK(out.replies.empty());
    CHECK(c.tcb.next_deadline() == deadline);
}

TEST_CASE("an idle connection is small") {
    CHECK(sizeof(tcp::Tcb) <= 256);
    Conversation c;
    established(c, {.scale = 7, .sack = true, .tsval = 1});
    c.gets({.text = "question", .tsval = 1});
    c.writes("answer");
    c.gets({.seq = 9, .ack = 7, .tsval = 1});
    CHECK(c.tcb.heap_bytes() == 0);
}
