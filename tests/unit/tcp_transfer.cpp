// Whole transfers over a bad channel, in virtual time.
#include "support/tcp_conversation.hpp"
#include "support/tcp_pair.hpp"

using namespace ghostpeer;
using namespace ghostpeer::test;

namespace {

void expect_exact_once_open(Pair& pair, Instant limit) {
    CHECK(pair.run(limit));
    for (std::size_t i = 0; i < 2; ++i) {
        CAPTURE(i);
        CAPTURE(pair.ends.at(i).sent_segments);
        CAPTURE(pair.ends.at(i).sent_again);
        CAPTURE(pair.ends.at(i).tcb.state());
        CHECK(pair.ends.at(i).incoming.size() == pair.ends.at(1 - i).outgoing.size());
        CHECK((pair.ends.at(i).incoming == pair.ends.at(1 - i).outgoing));
        CHECK(pair.ends.at(i).edge_retreats == 0);
        CHECK_FALSE(pair.ends.at(i).tcb.timed_out());
        CHECK(pair.ends.at(i).tcb.heap_bytes() == 0);
    }
}

void expect_exact(Pair& pair, Instant limit) {
    pair.establish();
    REQUIRE(pair.ends[0].tcb.synchronized());
    REQUIRE(pair.ends[1].tcb.synchronized());
    expect_exact_once_open(pair, limit);
}

}  // namespace

TEST_CASE("a clean channel carries both directions without a retransmission") {
    Pair pair(1);
    pair.ends[0].outgoing = random_bytes(500'000, 1);
    pair.ends[1].outgoing = random_bytes(300'000, 2);
    pair.ends[0].closes_first = true;
    expect_exact(pair, run_start + 60s);
    CHECK(pair.ends[0].sent_again == 0);
    CHECK(pair.ends[1].sent_again == 0);
    CHECK(pair.now < run_start + 5s);
}

TEST_CASE("lossy, duplicating, reordering channels carry every byte") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Pair pair(seed);
        auto& random = pair.random;
        const auto pick = [&](auto first, auto... others) {
            const std::array<decltype(first), 1 + sizeof...(others)> values{
                first, static_cast<decltype(first)>(others)...};
            return values.at(random() % values.size());
        };
        pair.channel = {.loss = pick(0.0, 0.01, 0.1, 0.2),
                        .duplication = pick(0.0, 0.05),
                        .delay = pick(Duration(0), Duration(1ms), Duration(30ms)),
                        .jitter = pick(Duration(0), Duration(5ms), Duration(40ms))};
        pair.sack = pick(true, false);
        pair.timestamps = pick(true, false);
        pair.scale = pick(std::optional<std::uint8_t>(7), std::optional<std::uint8_t>());
        pair.mss = pick(std::uint16_t{1460}, 536, 88);
        for (End& end : pair.ends) {
            end.config.window = pick(64240U, 3000U, 20'000U, 1'000'000U);
            end.config.send_buffer = pick(256U * 1024U, 20'000U, 1072U);
            end.config.send_mss = pick(std::uint16_t{UINT16_MAX}, 536);
            end.config.initial_cwnd = pick(10U, 2U);
            end.config.retries = 60;
            end.config.rto_max = 10s;
            end.config.quick_acks = pick(16U, 0U);
            end.config.plain_acks = end.config.quick_acks == 0 && pick(true, false);
            end.write_chunk = pick(std::size_t{10'000}, 700, 64'000);
            end.read_chunk = pick(SIZE_MAX, 1000);
            end.reads_from = pick(Instant{}, run_start + 5s);
            end.closes_first = pick(true, false);
            end.outgoing = random_bytes(random() % 60'000, random());
        }
        pair.ends[0].closes_first = pair.ends[0].closes_first || !pair.ends[1].closes_first;
        expect_exact(pair, run_start + 3600s);
    }
}

TEST_CASE("an end that opens and one that listens carry both directions") {
    Pair pair(1);
    pair.ends[0].outgoing = random_bytes(50'000, 1);
    pair.ends[1].outgoing = random_bytes(30'000, 2);
    pair.ends[0].closes_first = true;
    pair.dial(0);
    expect_exact_once_open(pair, run_start + 60s);
    CHECK(pair.ends[0].sent_again == 0);
    CHECK(pair.ends[1].sent_again == 0);
    CHECK(pair.ends[1].tcb.state() == State::closed);
}

TEST_CASE("two ends that open at the same time meet, and close at the same time") {
    Pair pair(1);
    for (End& end : pair.ends) {
        end.outgoing = random_bytes(20'000, 3);
        end.closes_first = true;
    }
    pair.dial(0);
    pair.dial(1);
    expect_exact_once_open(pair, run_start + 60s);
    CHECK(pair.ends[0].tcb.state() == State::time_wait);
    CHECK(pair.ends[1].tcb.state() == State::time_wait);
    CHECK(pair.ends[0].sent_again == 0);
}

TEST_CASE("handshakes survive lossy, duplicating, reordering channels") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Pair pair(seed);
        pair.channel = {.loss = 0.3, .duplication = 0.1, .delay = 10ms, .jitter = 2500ms};
        pair.timestamps = seed % 2 == 0;
        pair.sack = seed % 3 == 0;
        for (End& end : pair.ends) {
            end.config.syn_retries = 60;
            end.config.syn_ack_retries = 60;
            end.config.retries = 60;
            end.config.rto_max = 4s;
            end.outgoing = random_bytes(1000, seed);
            end.closes_first = true;
        }
        pair.dial(0);
        if (seed % 4 == 0) {
            pair.dial(1);
        }
        expect_exact_once_open(pair, run_start + 7200s);
    }
}
