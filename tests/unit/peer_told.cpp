// What is told of a window, of probes, and of attempts that never came.
#include "support/expect_harness.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// Details of the actions of a kind, as the record has them.
std::string details(const World& world, std::string_view action) {
    std::string text;
    for (const auto& rule : world.all<event::Rule>()) {
        if (rule.action == action) {
            text += (text.empty() ? "" : " | ") + rule.detail;
        }
    }
    return text;
}

}  // namespace

TEST_CASE("a window that the scale cannot say is told as it is offered") {
    const auto told = [](const char* scale, const char* window) {
        World world(std::string("tcp: {window_scale: ") + scale +
                    "}\nrules:\n  - {on: enter established, do: {window: " + window + "}}\n");
        Socket socket(world);
        Segment syn = socket.segment(Flags::syn);
        syn.options.mss = 1460;
        syn.options.window_scale = 7;
        world.arrives(syn);
        socket.snd_nxt = socket.iss + 1;
        const auto answers = world.take();
        REQUIRE(answers.size() == 1);
        socket.rcv_nxt = answers[0].seq + 1;
        socket.send_ack();
        return details(world, "window");
    };
    CHECK(told("7", "100") == "100 bytes; 128 are offered, in steps of 128");
    CHECK(told("7", "1000") == "1000 bytes; 896 are offered, in steps of 128");
    CHECK(told("7", "1280") == "1280 bytes");
    CHECK(told("7", "0") == "0 bytes");
    CHECK(told("0", "100") == "100 bytes");
    CHECK(told("0", "100000") == "100000 bytes; 65535 are offered, in steps of 1");
}

TEST_CASE("a window probe within half a second of the last is taken without a word") {
    World world("rules:\n  - {on: enter established, do: {window: 0}}\n");
    Socket socket(world);
    socket.connect();
    static_cast<void>(world.take());
    world.until(1s);
    socket.send_probe();
    CHECK(world.take().size() == 1);
    world.until(1s + 499ms);
    socket.send_probe();
    CHECK(world.take().empty());
    world.until(1s + 500ms);
    socket.send_probe();
    CHECK(world.take().size() == 1);
}

TEST_CASE("a rule of an attempt that never came says so") {
    World world(
        "attempts:\n"
        "  3: [{on: receive syn, do: drop}]\n"
        "  4+: [{on: receive syn, do: drop}]\n");
    Socket first(world, 40'000);
    first.connect();
    CHECK(failures_of(world).find("It is of `attempts: 3`, and only one came.") !=
          std::string::npos);
    World more(
        "attempts:\n"
        "  4+: [{on: receive syn, do: drop}]\n");
    Socket one(more, 40'000);
    one.connect();
    Socket two(more, 40'001);
    two.connect();
    CHECK(failures_of(more).find("It is of `attempts: 4+`, and no more than 2 came.") !=
          std::string::npos);
}
