#include "support/peer_harness.hpp"

#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::string_literals;

namespace {

[[nodiscard]] std::string script_of(const std::string& list) {
    return "service:\n  script:\n" + list;
}

[[nodiscard]] std::vector<std::string> told_surprises(World& world) {
    std::vector<std::string> found;
    for (const auto& notice : world.all<event::Notice>()) {
        if (notice.what == "unexpected-input") {
            found.push_back(notice.text);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("bytes: so many as hexadecimal digits say, and what are none") {
    const std::string list =
        "  - expect: /(\\w+)\\n/\n"
        "  - expect: {bytes: '0x${1}'}\n"
        "  - say: on\n";
    World world(script_of(list));
    Socket socket(world);
    socket.connect();
    socket.send_data("1F\n0123456789abcdef0123456789abcd");
    CHECK(socket.receive().empty());
    socket.send_data("e");
    CHECK(socket.receive() == "on");
    CHECK(told_surprises(world).empty());
    World other(script_of(list));
    Socket speaker(other);
    speaker.connect();
    speaker.send_data("xyz\n01");
    CHECK(speaker.receive().empty());
    REQUIRE(told_surprises(other).size() == 1);
    CHECK(told_surprises(other)[0].find("no number") != std::string::npos);
}

TEST_CASE("how many bytes, as a number of bytes") {
    World world(
        script_of("  - expect: '/(?s)\\A(\\S+) /'\n"
                  "  - say: \"${u8(1)}${u16be(1)}${u16le(1)}${u24be(1)}${u24le(1)}${u32be(1, "
                  "'x')}${u32le(1)}\"\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data(std::string(258, 'a') + " ");
    CHECK(socket.receive() ==
          "\2"
          "\1\2"
          "\2\1"
          "\0\1\2"
          "\2\1\0"
          "\0\0\1\3"
          "\2\1\0\0"s);
}

TEST_CASE("xor: a key, again and again; the example of RFC 6455, 5.7") {
    World world(script_of(
        "  - expect: '/(?s)\\A\\x81\\x85(....)(.....)/'\n"
        "  - say: \"${xor(1, 2)}${xor('', 'x')}${xor('long', '')}${xor(hex(1), 'a', 'b')}\"\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
    // No key changes nothing; 37 and so on, written as digits, begin with "37".
    CHECK(socket.receive() == "Hellox" + std::string({'a' ^ '3', 'b' ^ '7'}));
}

TEST_CASE("in: taken asks again about what came last, and takes and waits for nothing") {
    World world(
        script_of("  - loop:\n"
                  "    - expect: /\\A(\\w+) [^;]*;/\n"
                  "    - in: taken\n"
                  "      when: {/size (\\d+)/: {say: '${0}${1} '}, /none/: []}\n"
                  "      else: {say: 'else ${1} '}\n"
                  "    - {expect: / last/, in: taken}\n"
                  "    - say: '${0} '\n"));
    Socket socket(world);
    socket.connect();
    socket.send_data("put size 12 last;");
    CHECK(socket.receive() == "put size 12 last;12 put size 12 last; ");
    socket.send_data("get last;put none last;");
    CHECK(socket.receive() == "else get get last; put none last; ");
    CHECK(told_surprises(world).empty());
    socket.send_data("put none;get last;");
    // One without a word for it is told, and the conversation goes on.
    CHECK(socket.receive() == "put none; else get get last; ");
    REQUIRE(told_surprises(world).size() == 1);
    CHECK(told_surprises(world)[0].find("in what was taken, which is \"put none;\"") !=
          std::string::npos);
}
