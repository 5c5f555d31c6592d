// Segments that arrive together, and what makes each of them be answered by itself.
#include "support/peer_harness.hpp"

#include <set>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// A connected program that sends segments of 1000 bytes in one batch.
struct Sender {
    World world;
    Socket socket{world};

    explicit Sender(const std::string& profile) : world(profile) {
        socket.connect();
        world.take();
    }

    /// What leaves for five of them; those in `lost` do not arrive. As many bytes of the stream.
    std::vector<std::uint32_t> acknowledged(const std::set<int>& lost = {}) {
        const auto first = socket.snd_nxt;
        for (int i = 0; i < 5; ++i) {
            Segment data = socket.segment(Flags::ack);
            data.payload.assign(1000, 'x');
            socket.snd_nxt += 1000;
            if (!lost.contains(i)) {
                world.engine.on_packet(wire::encode(data), world.now, i < 4);
            }
        }
        world.pass(0s);
        std::vector<std::uint32_t> bytes;
        for (const Segment& segment : world.take()) {
            bytes.push_back(forward_distance(first, segment.ack));
        }
        return bytes;
    }
};

using Bytes = std::vector<std::uint32_t>;

}  // namespace

TEST_CASE("a burst is acknowledged once, whatever reads it") {
    for (const char* service : {"discard", "hold", "{respond: {text: a, when: b}}"}) {
        CAPTURE(service);
        Sender sender("service: " + std::string(service) + "\ntcp: {window: 65000}\n");
        CHECK(sender.acknowledged() == Bytes{5000});
    }
}

TEST_CASE("echo returns a burst with its acknowledgement") {
    Sender sender("service: echo\n");
    CHECK(sender.acknowledged() == Bytes{5000, 5000, 5000, 5000, 5000});
    CHECK(sender.world.take().empty());
}

TEST_CASE("each segment of a burst is acknowledged where the profile wants or sees it") {
    SUBCASE("delayed_ack: off") {
        Sender sender("service: discard\ntcp: {delayed_ack: off}\n");
        CHECK(sender.acknowledged() == Bytes{1000, 2000, 3000, 4000, 5000});
    }
    SUBCASE("a rule on acknowledgements") {
        Sender sender("service: discard\nrules: [{on: send ack, nth: 2, do: drop}]\n");
        CHECK(sender.acknowledged() == Bytes{1000, 3000, 4000, 5000});
    }
    SUBCASE("an expectation of acknowledgements") {
        Sender sender("service: discard\nexpect: [{see: send ack, times: 5}]\n");
        CHECK(sender.acknowledged() == Bytes{1000, 2000, 3000, 4000, 5000});
    }
}

TEST_CASE("what came before a rule's segment is acknowledged before the rule acts") {
    Sender sender("service: discard\nrules: [{on: receive data, nth: 4, do: stop-acking}]\n");
    CHECK(sender.acknowledged() == Bytes{1000, 2000, 3000, 3000, 3000});
}

TEST_CASE("a gap in a burst brings a duplicate acknowledgement for each segment behind it") {
    Sender sender("service: discard\n");
    CHECK(sender.acknowledged({1}) == Bytes{1000, 1000, 1000, 1000});
}
