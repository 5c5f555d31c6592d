// The queues and maps behind a connection.
#include "support/tcp_conversation.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/scoreboard.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace ghostpeer;
using tcp::ByteQueue;
using tcp::Reassembly;
using tcp::Scoreboard;
using wire::SackBlock;
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

TEST_CASE("the scoreboard merges, bounds and forgets") {
    const SeqNum una{0xffff'ff00U};
    const SeqNum nxt = una + 10'000;
    const auto block = [&](std::uint32_t left, std::uint32_t right) {
        return SackBlock{una + left, una + right};
    };
    Scoreboard board;
    CHECK(board.add(block(1000, 2000), una, nxt));
    CHECK_FALSE(board.add(block(1200, 1800), una, nxt));
    CHECK(board.add(block(3000, 4000), una, nxt));
    CHECK(board.bytes() == 2000);
    CHECK(board.add(block(2000, 3000), una, nxt));
    CHECK(board.bytes() == 3000);
    CHECK(board.highest() == una + 4000);
    CHECK(board.missing(una, una + 5000) == 2000);
    CHECK(board.next_hole(una, nxt) == block(0, 1000));
    CHECK(board.next_hole(una + 1500, nxt) == block(4000, 10'000));
    CHECK(board.next_hole(una + 1500, una + 4000) == std::nullopt);
    board.advance(una + 1500);
    CHECK(board.bytes() == 2500);
    board.advance(una + 4000);
    CHECK(board.empty());
    CHECK(board.heap_bytes() == 0);

    CHECK_FALSE(board.add({una - 10, una + 10}, una, nxt));
    CHECK_FALSE(board.add({nxt - 10, nxt + 1}, una, nxt));
    CHECK_FALSE(board.add(block(20, 20), una, nxt));
    CHECK_FALSE(board.add(block(20, 10), una, nxt));
    for (std::uint32_t i = 0; i < 4000; ++i) {
        board.add(block(2 * i + 1, 2 * i + 2), una, nxt);
    }
    CHECK(board.bytes() == Scoreboard::max_ranges);
}

TEST_CASE("IsLost: three ranges or more than two segments above") {
    const SeqNum una{0xffff'ff00U};
    Scoreboard board;
    board.add({una + 100, una + 120}, una, una + 10'000);
    CHECK_FALSE(board.first_is_lost(10));
    board.add({una + 120, una + 121}, una, una + 10'000);
    CHECK(board.first_is_lost(10));
    CHECK_FALSE(board.first_is_lost(11));
    board.add({una + 200, una + 201}, una, una + 10'000);
    CHECK_FALSE(board.first_is_lost(1000));
    board.add({una + 300, una + 301}, una, una + 10'000);
    CHECK(board.first_is_lost(1000));
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

TEST_CASE("reassembly says whether everything had been there") {
    Reassembly reassembly;
    CHECK_FALSE(reassembly.add(10, bytes("abcde"), 100'000));
    CHECK(reassembly.add(11, bytes("bcd"), 100'000));
    CHECK_FALSE(reassembly.add(12, bytes("cdef"), 100'000));
    CHECK(reassembly.report(4) == std::vector<Reassembly::Range>{{10, 16}});
    CHECK_FALSE(reassembly.add(30, bytes("x"), 10));
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
