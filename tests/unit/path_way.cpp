// One direction between program and peer, in virtual time.
#include "path/way.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <utility>
#include <vector>

using namespace ghostpeer;
using namespace std::chrono_literals;
using path::Passage;
using path::Way;

namespace {

[[nodiscard]] Way way_with(const profile::LinkWay& figures, std::uint64_t seed = 1) {
    Way way(seed);
    way.change(figures);
    return way;
}

[[nodiscard]] Instant at(Duration time) { return run_start + time; }

}  // namespace

TEST_CASE("a way of which nothing is said takes no time") {
    Way way(1);
    const Passage passage = way.carry(1500, at(1s));
    CHECK(passage.fate == Passage::Fate::arrives);
    CHECK(passage.arrives == at(1s));
    CHECK(passage.queued == 0s);
    CHECK_FALSE(passage.twice);
}

TEST_CASE("each bit takes its time, and who comes while the line is busy waits") {
    profile::LinkWay figures;
    figures.rate = 1'000'000;
    figures.delay = 100ms;
    Way way = way_with(figures);
    const Passage first = way.carry(1500, at(0s));
    CHECK(first.arrives == at(112ms));
    CHECK(first.queued == 0ms);
    const Passage second = way.carry(500, at(2ms));
    CHECK(second.queued == 10ms);
    CHECK(second.arrives == at(116ms));
    CHECK(way.carry(1000, at(1s)).arrives == at(1108ms));
}

TEST_CASE("the rate is exact, whatever it is") {
    for (const std::uint64_t rate : {1'000'000ULL, 9600ULL, 3'333'333ULL, 7ULL, 999'999'937ULL}) {
        CAPTURE(rate);
        profile::LinkWay figures;
        figures.rate = rate;
        figures.queue = 64U << 20U;
        Way way = way_with(figures);
        constexpr std::uint64_t packets = 1001;
        constexpr std::uint64_t bytes = 40;
        Instant last{};
        for (std::uint64_t i = 0; i < packets; ++i) {
            last = way.carry(bytes, at(0s)).arrives;
        }
        CHECK(last == at(Duration(packets * bytes * 8 * 1'000'000'000 / rate)));
    }
}

TEST_CASE("what finds no room in the queue is lost, and nothing waits longer than queue/rate") {
    profile::LinkWay figures;
    figures.rate = 1'000'000;
    figures.queue = 10'000;
    Way way = way_with(figures);
    int carried = 0;
    for (int i = 0; i < 20; ++i) {
        const Passage passage = way.carry(1000, at(0s));
        carried += passage.fate == Passage::Fate::arrives ? 1 : 0;
        CHECK((passage.fate == Passage::Fate::arrives) == (i < 10));
        CHECK(passage.queued <= 80ms);
    }
    CHECK(carried == 10);
    CHECK(way.longest() >= 80ms);
    // One packet of 8 ms has gone.
    CHECK(way.carry(1000, at(8ms)).queued == 72ms);
    CHECK(way.carry(1000, at(8ms)).fate == Passage::Fate::queue_full);
    // An idle line takes what is longer than its queue.
    figures.queue = 100;
    CHECK(way_with(figures).carry(1500, at(0s)).fate == Passage::Fate::arrives);
}

TEST_CASE("losses without memory, and losses in runs") {
    const auto lose = [](profile::Loss loss) {
        profile::LinkWay figures;
        figures.loss = loss;
        Way way = way_with(figures, 42);
        int lost = 0;
        int runs = 0;
        bool before = false;
        for (int i = 0; i < 100'000; ++i) {
            const bool gone = way.carry(100, at(0s)).fate == Passage::Fate::lost;
            lost += gone ? 1 : 0;
            runs += gone && !before ? 1 : 0;
            before = gone;
        }
        return std::pair(lost, runs);
    };
    const auto [plain, plain_runs] = lose(profile::Loss::plain(0.05));
    CHECK(plain > 4700);
    CHECK(plain < 5300);
    CHECK(plain_runs > plain * 9 / 10);
    // Four long each, and one packet in fourteen.
    const auto [bursts, burst_runs] = lose({0.02, 0.25});
    CHECK(bursts > 6500);
    CHECK(bursts < 8300);
    CHECK(bursts > burst_runs * 37 / 10);
    CHECK(bursts < burst_runs * 43 / 10);
    CHECK(lose(profile::Loss::plain(1)).first == 100'000);
    CHECK(lose(profile::Loss::plain(0)).first == 0);
}

TEST_CASE("jitter keeps the order, and `reorder` does not") {
    profile::LinkWay figures;
    figures.delay = 100ms;
    figures.jitter = 50ms;
    Way way = way_with(figures);
    Instant last{};
    bool differs = false;
    for (int i = 0; i < 1000; ++i) {
        const Instant sent = at(i * 10ms);
        const Instant arrives = way.carry(100, sent).arrives;
        CHECK(arrives >= last);
        CHECK(arrives >= sent + 50ms);
        CHECK(arrives <= sent + 150ms);
        differs = differs || arrives != sent + 100ms;
        last = arrives;
    }
    CHECK(differs);

    figures.jitter.reset();
    figures.reorder = 0.1;
    Way other = way_with(figures);
    int overtook = 0;
    for (int i = 0; i < 1000; ++i) {
        const Instant sent = at(i * 10ms);
        const Instant arrives = other.carry(100, sent).arrives;
        CHECK((arrives == sent || arrives == sent + 100ms));
        overtook += arrives == sent ? 1 : 0;
    }
    CHECK(overtook > 60);
    CHECK(overtook < 140);
}

TEST_CASE("chances repeat with the seed") {
    profile::LinkWay figures;
    figures.loss = profile::Loss::plain(0.3);
    figures.duplicate = 0.3;
    const auto fates = [&](std::uint64_t seed) {
        Way way = way_with(figures, seed);
        std::vector<int> all;
        for (int i = 0; i < 100; ++i) {
            const Passage passage = way.carry(100, at(0s));
            all.push_back(static_cast<int>(passage.fate) + (passage.twice ? 10 : 0));
        }
        return all;
    };
    CHECK(fates(5) == fates(5));
    CHECK(fates(5) != fates(6));
}

TEST_CASE("a change is for what comes; what is on its way has its time") {
    profile::LinkWay figures;
    figures.rate = 1'000'000;
    figures.delay = 100ms;
    Way way = way_with(figures);
    CHECK(way.carry(1000, at(0s)).arrives == at(108ms));
    profile::LinkWay slower;
    slower.rate = 100'000;
    slower.delay = 0ms;
    way.change(slower);
    // Behind the first, and it never overtakes it.
    CHECK(way.carry(125, at(0s)).arrives == at(108ms));
    CHECK(way.carry(1250, at(0s)).arrives == at(118ms));
    CHECK(way.figures().delay == 0ms);
    CHECK(way.figures().rate == 100'000);
}
