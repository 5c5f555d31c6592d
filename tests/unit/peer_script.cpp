#include "script/digest.hpp"
#include "script/frame.hpp"
#include "support/peer_harness.hpp"

#include <string>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::string_literals;

namespace {

[[nodiscard]] std::string steps(const std::string& list) { return "service:\n  script:\n" + list; }

[[nodiscard]] std::vector<std::string> surprises(World& world) {
    std::vector<std::string> found;
    for (const auto& notice : world.all<event::Notice>()) {
        if (notice.what == "unexpected-input") {
            found.push_back(notice.text);
        }
    }
    return found;
}

[[nodiscard]] wire::Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("a script speaks first, waits, and answers, wherever segments cut what comes") {
    World world(
        steps("  - say: \"220 hi\\r\\n\"\n"
              "  - expect: \"\\r\\n\\r\\n\"\n"
              "  - say: done\n"));
    Socket socket(world);
    socket.connect();
    CHECK(socket.receive() == "220 hi\r\n");
    socket.send_data("one\r\n\r");
    CHECK(socket.receive().empty());
    socket.send_data("\n");
    CHECK(socket.receive() == "done");
    socket.send_data("what comes behind the script is read and forgotten");
    socket.send_fin();
    CHECK(world.take().back().has(Flags::fin));
    CHECK(surprises(world).empty());
}

TEST_CASE("each say is a segment of its own; pieces and a rate cut it") {
    World world(
        steps("  - say: one\n  - say: two\n  - say: {text: abcd, pieces: 3}\n"
              "  - expect: go\n  - say: {text: xyz, rate: 1B/s, pieces: 1}\n"
              "  - say: end\n"));
    Socket socket(world);
    socket.connect();
    const auto left = world.take();
    REQUIRE(left.size() == 4);
    CHECK(left[0].payload == bytes_of("one"));
    CHECK(left[1].payload == bytes_of("two"));
    CHECK(left[2].payload == bytes_of("abc"));
    CHECK(left[3].payload == bytes_of("d"));
    socket.rcv_nxt += 10;
    socket.send_data("go");
    CHECK(socket.receive() == "x");
    socket.send_ack();
    world.until(1s + 1ms);
    CHECK(socket.receive() == "y");
    socket.send_ack();
    world.until(2s - 1ms);
    CHECK(socket.receive().empty());
    world.until(2s + 1ms);
    CHECK(socket.receive() == "zend");
}

TEST_CASE("when: the first of several patterns, each with its steps, and captures") {
    World world(
        steps("  - loop:\n"
              "    - in: line\n"
              "      when:\n"
              "        '/^(?i)(EHLO|HELO) (.*)/': {say: \"250 ${2} ${length(2)}\\r\\n\"}\n"
              "        QUIT: [{say: bye}, close]\n"
              "      else: {say: \"500 ${0}?\\r\\n\"}\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("ehlo there\r\n");
    CHECK(socket.receive() == "250 there 5\r\n");
    socket.send_data("NOOP\r\nHELO x\r\n");
    CHECK(socket.receive() == "500 ehlo there?\r\n250 x 1\r\n");
    socket.send_data("QUIT\r\n");
    CHECK(world.take().back().has(Flags::fin));
    CHECK(surprises(world).empty());
}

TEST_CASE("the accept key of RFC 6455, 1.3") {
    World world(
        steps("  - expect: '/Sec-WebSocket-Key: *([^\\r]*)\\r\\n/'\n"
              "  - say: \"${base64(sha1(1, '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'))}\"\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    CHECK(socket.receive() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("SHA-1 and base64: the vectors of RFC 3174 and RFC 4648") {
    using namespace script;
    CHECK(hexadecimal(sha1(bytes_of("abc"))) == "a9993e364706816aba3e25717850c26c9cd0d89d");
    CHECK(hexadecimal(sha1({})) == "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    CHECK(hexadecimal(sha1(bytes_of(std::string(1'000'000, 'a')))) ==
          "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    CHECK(base64(bytes_of("foobar")) == "Zm9vYmFy");
    CHECK(base64(bytes_of("fooba")) == "Zm9vYmE=");
    CHECK(base64(bytes_of("f")) == "Zg==");
}

TEST_CASE("frames: a number says how long each is") {
    using profile::LengthField;
    const auto size = [](LengthField field, std::string_view hex) {
        wire::Bytes bytes = bytes_of(hex);
        return script::frame_size(field, bytes);
    };
    using Type = LengthField::Type;
    using Counts = LengthField::Counts;
    CHECK(size({Type::u32be, 0, 0, Counts::rest}, "\0\0\0\5"s).bytes == 9);
    CHECK(size({Type::u32be, 1, 0, Counts::itself}, "Q\0\0\0\5"s).bytes == 6);
    CHECK(size({Type::u32be, 1, 0, Counts::all}, "Q\0\0\0\6"s).bytes == 6);
    CHECK(size({Type::u24le, 0, 1, Counts::rest}, "\5\0\0"s).bytes == 9);
    CHECK(size({Type::u7, 1, 4, Counts::rest}, "\x81\x85"s).bytes == 11);
    CHECK(size({Type::varint, 1, 0, Counts::rest}, "\x30\x81\x01"s).bytes == 132);
    CHECK_FALSE(size({Type::u16be, 0, 0, Counts::rest}, "\0"s).bytes);
    CHECK_FALSE(size({Type::u32be, 0, 0, Counts::itself}, "\0\0\0\3"s).possible);
    CHECK_FALSE(size({Type::varint, 0, 0, Counts::rest}, "\xff\xff\xff\xff\xff"s).possible);
}

TEST_CASE("expect takes frames, bytes, and as many bytes as the program said") {
    World world(
        steps("  - expect: {length: u32be, counts: itself}\n"
              "  - say: {hex: \"4e\"}\n"
              "  - expect: '/length (\\d+)\\n/'\n"
              "  - expect: {bytes: '${1}'}\n"
              "  - say: {base64: b2s=}\n"
              "  - expect: {hex: \"ff 00\"}\n"
              "  - reset\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("\0\0\0\7a"s);
    CHECK(socket.receive().empty());
    socket.send_data("bclength 4\n123");
    CHECK(socket.receive() == "N");
    socket.send_data("4");
    CHECK(socket.receive() == "ok");
    socket.send_data("..\xff\0"s);
    CHECK(world.take().back().has(Flags::rst));
}

TEST_CASE("pause counts from when everything was said; loop, times and break") {
    World world(
        steps("  - loop: [{say: a}, {pause: 100ms}]\n    times: 2\n"
              "  - loop: [{say: b}, {loop: [break]}, break]\n"
              "  - shutdown\n"));
    Socket socket(world);
    socket.connect();
    CHECK(socket.receive() == "a");
    socket.send_ack();
    world.until(99ms);
    CHECK(socket.receive().empty());
    world.until(101ms);
    CHECK(socket.receive() == "a");
    socket.send_ack();
    world.until(201ms);
    CHECK(socket.receive() == "b");
    socket.send_ack();
    CHECK(world.all<event::State>().back().to == tcp::State::fin_wait_2);
}

TEST_CASE("input that a step has no word for is told, once of each step, and passed over") {
    World world(steps("  - loop:\n    - {in: line, when: {PING: {say: PONG}, QUIT: close}}\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("WHAT\r\nAND\r\nPING\r\n");
    CHECK(socket.receive() == "PONG");
    REQUIRE(surprises(world).size() == 1);
    CHECK(surprises(world)[0] ==
          "test.yaml:5: the script waited for a line with \"PING\" or \"QUIT\", and "
          "\"WHAT\\r\\n\" came; `else` says what is to be done with it.");
}

TEST_CASE("what is left at the end is told; nothing left is no surprise") {
    const std::string script = steps("  - expect: QUIT\n");
    {
        World world(script);
        Socket socket(world);
        socket.connect();
        socket.send_data("QU");
        socket.send_fin();
        REQUIRE(surprises(world).size() == 1);
        CHECK(surprises(world)[0].find("\"QU\" came before the end") != std::string::npos);
    }
    {
        World world(script);
        Socket socket(world);
        socket.connect();
        socket.send_fin();
        CHECK(surprises(world).empty());
        CHECK(world.take().back().has(Flags::fin));
    }
    {
        World world(script);
        Socket socket(world);
        socket.connect();
        socket.send_data("?");
        world.conclude();
        CHECK(surprises(world).size() == 1);
    }
}

TEST_CASE("after close no step comes, after shutdown none that says something") {
    for (const std::string end : {"close", "shutdown"}) {
        World world(steps("  - loop: [{say: a}, {when: {b: " + end + ", c: []}}]\n"));
        Socket socket(world);
        socket.connect();
        CHECK(socket.receive() == "a");
        socket.send_data("b");
        CHECK(socket.receive().empty());
        socket.send_ack();
        CHECK(world.all<event::State>().back().to == tcp::State::fin_wait_2);
        // Timers that had been set for what was in flight; a loop would come back each millisecond.
        const Instant horizon = world.now + 1s;
        int turns = 0;
        for (auto next = world.engine.next_deadline(); next && *next < horizon && turns < 100;
             next = world.engine.next_deadline()) {
            world.until(*next - run_start);
            ++turns;
        }
        CHECK(turns < 10);
    }
}

TEST_CASE("requests that come together are answered one after the other") {
    World world(steps("  - loop: [{expect: \"?\"}, {say: \"!\"}]\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data(std::string(500, '?'));
    std::string answers;
    for (int i = 0; i < 600 && answers.size() < 500; ++i) {
        answers += socket.receive();
        socket.send_ack();
    }
    CHECK(answers == std::string(500, '!'));
    CHECK(world.all<event::Notice>().empty());
}

TEST_CASE("no bytes, as many as the program said, are there at once") {
    World world(
        steps("  - expect: /(\\d+)\\n/\n"
              "  - {expect: x, in: {bytes: '${1}'}, else: {say: no}}\n"
              "  - say: on\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("0\n");
    CHECK(socket.receive() == "on");
    CHECK(surprises(world).empty());
}
