#include "support/peer_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

constexpr std::size_t kib = 1024;

[[nodiscard]] peer::Settings limited(std::size_t max_memory,
                                     std::size_t max_buffered = 1024 * kib) {
    peer::Settings settings = test_settings();
    settings.max_memory = max_memory;
    settings.max_buffered = max_buffered;
    return settings;
}

[[nodiscard]] std::size_t notices_about(const World& world, std::string_view word) {
    const auto all = world.all<event::Notice>();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(),
        [&](const event::Notice& notice) { return notice.text.find(word) != std::string::npos; }));
}

/// What `count` programs send, each until its own `bytes` are sent, acknowledged or not.
void pour(World& world, int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) {
        Socket socket(world, static_cast<std::uint16_t>(20'000 + i));
        socket.connect();
        for (std::size_t sent = 0; sent < bytes; sent += kib) {
            socket.send_bytes(kib);
        }
        world.take();
    }
}

}  // namespace

TEST_CASE("--max-buffer bounds what one connection keeps unread, and the window with it") {
    World world("service: hold\ntcp: {window: 1GiB, window_scale: off}\n",
                limited(SIZE_MAX / 2, 32 * kib));
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 128; ++i) {
        socket.send_bytes(kib);
    }
    CHECK(world.engine.connection(1)->received == 32 * kib);
    CHECK(world.take().back().window == 0);
    CHECK(notices_about(world, "--max-buffer") == 1);
}

TEST_CASE("a window that a rule has made up is not kept beyond --max-buffer") {
    World world(
        "service: hold\ntcp: {window_scale: off}\n"
        "rules: [{on: enter established, do: {window: 60000}}]\n",
        limited(SIZE_MAX / 2, 32 * kib));
    Socket socket(world);
    socket.connect();
    for (int i = 0; i < 40; ++i) {
        socket.send_bytes(kib);
    }
    CHECK(world.engine.connection(1)->received == 32 * kib);
    CHECK(world.engine.counters().bytes_dropped_at_limit > 0);
    CHECK(notices_about(world, "--max-buffer") == 1);
}

TEST_CASE("--max-memory bounds what all connections keep unread together") {
    World world("service: hold\ntcp: {window: 512KiB, window_scale: 7}\n", limited(1024 * kib));
    pour(world, 16, 256 * kib);
    std::uint64_t received = 0;
    for (event::ConnectionId id = 1; id <= 16; ++id) {
        const std::uint64_t one = world.engine.connection(id)->received;
        CHECK(one >= tcp::MemoryBudget::share);
        received += one;
    }
    CHECK(received <= 1024 * kib + 16 * tcp::MemoryBudget::share);
    CHECK(received >= 512 * kib);
    CHECK(world.engine.counters().bytes_dropped_for_memory > 0);
    CHECK(notices_about(world, "--max-memory") == 1);
}

TEST_CASE("--max-memory bounds what all connections have to say, and nobody is stuck") {
    World world("rules: [{on: enter established, do: {say: {bytes: 1MiB}}}]\n",
                limited(1024 * kib));
    std::vector<Socket> sockets;
    for (int i = 0; i < 16; ++i) {
        world.take();
        sockets.emplace_back(world, static_cast<std::uint16_t>(20'000 + i)).connect();
    }
    CHECK(world.engine.memory_held() <= 1024 * kib + 256 * kib + 16 * 2 * 4 * kib);
    CHECK(world.engine.counters().waits_for_memory > 0);
    CHECK(notices_about(world, "--max-memory") == 1);
    // A program that reads gets its megabyte although the others do not.
    Socket& reader = sockets.back();
    std::size_t got = reader.receive().size();
    for (int i = 0; i < 10'000 && got < 1024 * kib; ++i) {
        reader.send_ack();
        const std::size_t more = reader.receive().size();
        got += more;
        if (more == 0) {
            world.pass(1s);
        }
    }
    CHECK(got == 1024 * kib);
}

TEST_CASE("memory is given back when connections go") {
    World world("service: hold\n", limited(1024 * kib));
    pour(world, 8, 32 * kib);
    CHECK(world.engine.memory_held() >= 8 * 32 * kib);
    for (int i = 0; i < 8; ++i) {
        Socket again(world, static_cast<std::uint16_t>(20'000 + i));
        again.snd_nxt = again.iss + 1 + 32 * kib;
        again.send_rst();
    }
    CHECK(world.engine.memory_held() == 0);
}

TEST_CASE("packets on their way through --rtt count, and where there is no room they are lost") {
    auto settings = limited(64 * kib);
    settings.rtt = 100ms;
    World world("", settings);
    constexpr std::uint16_t many = 2000;
    for (std::uint16_t i = 0; i < many; ++i) {
        Socket(world, static_cast<std::uint16_t>(20'000 + i)).send_syn();
    }
    CHECK(world.engine.memory_held() <= 64 * kib);
    CHECK(world.engine.memory_held() > 63 * kib);
    const auto lost = world.segments(event::Direction::out, event::Fate::undelivered);
    CHECK(lost.size() == world.engine.counters().undelivered);
    CHECK_FALSE(lost.empty());
    CHECK(notices_about(world, "--max-memory") == 1);
    world.pass(100ms);
    CHECK(world.take().size() == many - lost.size());
    CHECK(world.engine.memory_held() == 0);
}

TEST_CASE("what is on its way leaves a share for packets however full the memory is") {
    auto settings = limited(64 * kib);
    settings.rtt = 10ms;
    World world("service: hold\n", settings);
    // Windows that are promised already fill the memory.
    std::vector<Socket> sockets;
    for (std::uint16_t i = 0; i < 4; ++i) {
        sockets.emplace_back(world, static_cast<std::uint16_t>(20'000 + i)).send_syn();
    }
    world.pass(10ms);
    auto left = world.take();
    REQUIRE(left.size() == sockets.size());
    for (std::size_t i = 0; i < sockets.size(); ++i) {
        sockets[i].rcv_nxt = left[i].seq + 1;
        sockets[i].send_ack();
        for (int n = 0; n < 40; ++n) {
            sockets[i].send_bytes(kib);
            world.pass(10ms);
        }
    }
    static_cast<void>(world.take());
    CHECK(world.engine.memory_held() >= 64 * kib - tcp::MemoryBudget::share);
    Socket late(world, 30'000);
    late.send_syn();
    world.pass(10ms);
    CHECK(flags_of(world.take()) == "SA");
}

TEST_CASE("answers that wait are held, and so many of them wait at the most") {
    World world("tcp: {window: 1MiB}\nservice: {respond: {text: x, when: a, rate: 1B/s}}\n",
                limited(1024 * kib));
    Socket socket(world);
    socket.connect();
    socket.send_data(std::string(1000, 'a'));
    const auto held = world.engine.memory_held();
    CHECK(held >= 1000 - 64);
    CHECK(held < 64 * kib);
}

TEST_CASE("what is put off counts even where it has no payload") {
    for (const char* const rule : {"{on: receive any, after: 1h, do: {log: x}}",
                                   "{on: receive ack, nth: 2..1000000, do: {delay: 1h}}"}) {
        CAPTURE(rule);
        World world("service: hold\nrules: [" + std::string(rule) + "]\n", limited(1024 * kib));
        Socket socket(world);
        socket.connect();
        for (int i = 0; i < 20'000; ++i) {
            socket.send_ack();
        }
        CHECK(world.engine.memory_held() <= 1024 * kib + 8 * kib);
        CHECK(notices_about(world, "--max-memory") + notices_about(world, "--max-buffer") >= 1);
    }
}
