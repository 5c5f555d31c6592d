#include "flows/agenda.hpp"

#include "support/peer_harness.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <random>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::flows;
using namespace std::chrono_literals;

namespace {

std::vector<event::ConnectionId> pop_all(Agenda& agenda, Instant now) {
    std::vector<event::ConnectionId> ids;
    while (const auto due = agenda.pop_due(now)) {
        ids.push_back(due->connection.id);
    }
    return ids;
}

}  // namespace

TEST_CASE("the agenda keeps its appointments in order of time, whatever order they came in") {
    Agenda agenda;
    std::mt19937 random(1);
    for (event::ConnectionId i = 0; i < 2000; ++i) {
        const auto at = run_start + std::chrono::microseconds(random() % 100'000);
        agenda.add(at, {0, i}, Wake{});
    }
    CHECK(agenda.size() == 2000);
    Instant last = run_start;
    std::size_t taken = 0;
    for (Instant now = run_start; now <= run_start + 101ms; now += 700us) {
        // Appointments are added while others are taken, in the past and in the future.
        agenda.add(now + 10ms, {0, 5000}, Wake{});
        while (const auto due = agenda.pop_due(now)) {
            CHECK(due->at <= now);
            CHECK(due->at >= last);
            last = due->at;
            ++taken;
        }
        CHECK((!agenda.next() || *agenda.next() > now));
    }
    CHECK(taken + agenda.size() == 2000 + 145);
}

TEST_CASE("appointments of one instant are kept in the order in which they were made") {
    Agenda agenda;
    agenda.add(run_start + 1h, {0, 1}, Wake{});
    agenda.add(run_start + 5ms, {0, 2}, Wake{});
    agenda.add(run_start + 5ms, {0, 3}, Wake{});
    agenda.add(run_start + 1h, {0, 4}, Wake{});
    CHECK(agenda.next() == run_start + 5ms);
    CHECK(pop_all(agenda, run_start + 5ms - 1ns).empty());
    CHECK(pop_all(agenda, run_start + 5ms) == std::vector<event::ConnectionId>{2, 3});
    CHECK(agenda.next() == run_start + 1h);
    agenda.add(run_start + 6ms, {0, 5}, Wake{});
    CHECK(agenda.next() == run_start + 6ms);
    CHECK(pop_all(agenda, run_start + 1h) == std::vector<event::ConnectionId>{5, 1, 4});
    CHECK_FALSE(agenda.next());
}

TEST_CASE("what is purged is gone, near and far") {
    Agenda agenda;
    for (event::ConnectionId i = 0; i < 100; ++i) {
        agenda.add(run_start + i * 1ms, {0, i}, Wake{});
    }
    agenda.purge([](const Appointment& one) { return one.connection.id < 90; });
    CHECK(agenda.size() == 10);
    CHECK(agenda.next() == run_start + 90ms);
    agenda.purge([](const Appointment&) { return true; });
    CHECK(agenda.size() == 0);
    CHECK_FALSE(agenda.next());
}

TEST_CASE("many delayed segments do not slow down each packet") {
    testing::World world("rules:\n  - {on: receive data, do: {delay: 10s}}\n");
    testing::Socket socket(world);
    socket.connect();
    // Processor time, so that a busy machine makes no difference.
    const auto send = [&](int segments) {
        const std::clock_t began = std::clock();
        for (int i = 0; i < segments; ++i) {
            socket.send_data("x");
        }
        return std::clock() - began;
    };
    const std::clock_t few = send(4'000);
    const std::clock_t many = send(4'000);  // above what is looked through at all
    CHECK(many < 5 * few);
    world.until(11s);
    CHECK(world.segments(event::Direction::in, event::Fate::accepted).size() == 8'002);
}
