// The queues and maps behind a connection.
#include "support/tcp_conversation.hpp"
#include "tcp/flight.hpp"
#include "tcp/reassembly.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace ghostpeer;
using tcp::ByteQueue;
using tcp::Flight;
using tcp::Reassembly;
using wire::SeqNum;

namespace {

wire::Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::string text(const ByteQueue& queue) { return test::text_of(queue.view()); }

}  // namespace

TEST_CASE("a byte queue is first in, first out, and empty ones hold no memory") {
    ByteQueue queue;
    CHECK(queue.heap_bytes() == 0);
    queue.append(std::span<const std::uint8_t>(bytes("hello")));
    queue.append(bytes(" world"));
    CHECK(text(queue) == "hello world");
    queue.drop_front(6);
    CHECK(text(queue) == "world");
    queue.append(bytes("!"));
    CHECK(text(queue) == "world!");
    queue.drop_front(100);
    CHECK(queue.empty());
    CHECK(queue.heap_bytes() == 0);
}

TEST_CASE("an empty byte queue takes a vector over without a copy") {
    ByteQueue queue;
    wire::Bytes source = bytes("abc");
    const std::uint8_t* place = source.data();
    queue.append(std::move(source));
    CHECK(queue.view().data() == place);
}

TEST_CASE("a byte queue that is kept short stays small") {
    ByteQueue queue;
    const wire::Bytes chunk(1000, 1);
    for (int i = 0; i < 100; ++i) {
        queue.append(std::span<const std::uint8_t>(chunk));
    }
    for (int i = 0; i < 100'000; ++i) {
        queue.append(std::span<const std::uint8_t>(chunk).first(100));
        queue.drop_front(100);
    }
    CHECK(queue.size() == 100'000);
    CHECK(queue.heap_bytes() < 500'000);
    queue.drop_front(99'000);
    CHECK(queue.heap_bytes() < 20'000);
}

TEST_CASE("the flight counts what was reported and what is lost, through every change") {
    const SeqNum una{0xffff'ff00U};
    const Instant now = run_start;
    Flight flight;
    CHECK(flight.empty());
    for (std::uint32_t i = 0; i < 5; ++i) {
        flight.push(una + 100 * i, una + 100 * (i + 1), now);
    }
    CHECK(flight.in_network() == 5);
    CHECK(flight.find(una) == 0);
    CHECK(flight.find(una + 1) == 1);
    CHECK(flight.find(una + 400) == 4);
    CHECK(flight.find(una + 401) == 5);
    flight.mark_sacked(2);
    flight.mark_lost(0);
    flight.mark_lost(1);
    CHECK(flight.sacked() == 1);
    CHECK(flight.lost() == 2);
    CHECK(flight.highest_sacked() == una + 300);
    flight.mark_sacked(1);  // lost, it seemed
    CHECK(flight.lost() == 1);
    flight.split(0, 40);
    CHECK(flight.count() == 6);
    CHECK(flight.lost() == 2);
    flight.mark_resent(1, now);
    CHECK(flight.lost() == 1);
    CHECK(flight.segments()[1].resent);
    flight.merge(0);
    CHECK(flight.count() == 5);
    CHECK(flight.lost() == 1);
    CHECK(flight.front().length() == 100);
    CHECK(flight.front().resent);
    flight.trim(una + 50);
    CHECK(flight.front().length() == 50);
    flight.pop();
    flight.pop();
    CHECK(flight.lost() == 0);
    CHECK(flight.sacked() == 1);
    flight.unmark_sacked();
    CHECK(flight.in_network() == 3);
    flight.mark_lost(2);
    flight.unmark_lost();
    CHECK(flight.in_network() == 3);
}

TEST_CASE("a long flight does not keep what was acknowledged") {
    const SeqNum una{0xffff'ff00U};
    Flight flight;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        flight.push(una + i, una + i + 1, run_start);
        if (i >= 200) {
            flight.pop();
        }
    }
    CHECK(flight.count() == 200);
    CHECK(flight.front().left == una + 99'800);
    CHECK(flight.heap_bytes() < 1000 * sizeof(tcp::SentSegment));
}

TEST_CASE("reassembly puts pieces in order, whatever the order of arrival") {
    const std::string whole = "the quick brown fox jumps over the lazy dog";
    std::mt19937_64 random(7);
    for (int round = 0; round < 200; ++round) {
        CAPTURE(round);
        Reassembly reassembly;
        ByteQueue queue;
        std::uint64_t next = 0;
        while (next < whole.size()) {
            const std::uint64_t at = random() % whole.size();
            const std::uint64_t length = 1 + random() % 9;
            const std::string piece = whole.substr(at, length);
            reassembly.add(at, bytes(piece), 100'000);
            next += reassembly.take(next, queue);
        }
        CHECK(text(queue) == whole);
        CHECK_FALSE(reassembly.holds_bytes());
        CHECK(reassembly.report(4).empty());
    }
}

TEST_CASE("reassembly says what had been there") {
    using Range = Reassembly::Range;
    Reassembly reassembly;
    CHECK(reassembly.add(10, bytes("abcde"), 100'000) == Range{});
    CHECK(reassembly.add(11, bytes("bcd"), 100'000) == Range{11, 14});
    CHECK(reassembly.add(12, bytes("cdef"), 100'000) == Range{12, 15});
    CHECK(reassembly.report(4) == std::vector<Reassembly::Range>{{10, 16}});
    CHECK(reassembly.add(30, bytes("x"), 10) == Range{});
    CHECK(reassembly.report(4) == std::vector<Reassembly::Range>{{10, 16}});
}

TEST_CASE("reassembly reports all ranges, however often one of them grows") {
    Reassembly reassembly;
    reassembly.add(10, bytes("a"), 100'000);
    reassembly.add(20, bytes("b"), 100'000);
    for (std::uint64_t i = 0; i < 8; ++i) {
        reassembly.add(21 + i, bytes("b"), 100'000);
    }
    CHECK(reassembly.report(4) == std::vector<Reassembly::Range>{{20, 29}, {10, 11}});
}
