// Whatever the program does, a peer without rules keeps to what RFC 9293 has every TCP do.
#include "fuzz/oracle.hpp"
#include "support/peer_harness.hpp"

#include <array>
#include <random>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

constexpr std::array<std::uint8_t, 8> flags{
    Flags::syn,
    Flags::ack,
    Flags::ack,
    Flags::ack | Flags::psh,
    Flags::ack | Flags::psh,
    Flags::fin | Flags::ack,
    Flags::rst,
    Flags::syn | Flags::ack,
};

/// Segments of a few connections whose numbers are near those that are right, and time between
/// them.
class Chaos {
  public:
    Chaos(const std::string& profile, std::uint32_t seed) : world_(profile), random_(seed) {}

    /// What the oracle has to say; empty: nothing.
    std::string_view run() {
        for (int step = 0; step < 120; ++step) {
            if (below(4) == 0) {
                world_.pass(std::chrono::milliseconds(below(3000)));
            } else {
                world_.arrives(segment());
            }
            if (const auto complaint = take(); !complaint.empty()) {
                return complaint;
            }
        }
        return comes_to_rest();
    }

  private:
    std::uint32_t below(std::uint32_t bound) {
        return static_cast<std::uint32_t>(random_()) % bound;
    }
    /// Mostly 0.
    std::uint32_t astray() { return below(4) != 0 ? 0 : below(6000) - 3000; }

    Segment segment() {
        Segment made;
        const std::size_t which = below(3);
        const auto port = static_cast<std::uint16_t>(1000 + which);
        made.source = {*wire::IpAddress::parse("198.18.0.1"), port};
        made.destination = {*wire::IpAddress::parse("198.18.0.2"), 80};
        const bool opens = !known_.at(which);
        made.flags.bits = opens ? Flags::syn : flags.at(below(flags.size()));
        if (const auto& known = known_.at(which)) {
            made.seq = known->ack + astray();
            made.ack = made.has(Flags::ack) ? known->end() + astray() : SeqNum(0);
        } else {
            made.seq = SeqNum(below(UINT32_MAX));
        }
        made.window = static_cast<std::uint16_t>(below(3) == 0 ? below(3000) : 64'240);
        if (made.has(Flags::syn)) {
            made.options.mss = static_cast<std::uint16_t>(536 + below(1000));
        } else if (made.has(Flags::psh)) {
            made.payload.assign(1 + below(2000), 'x');
        }
        return made;
    }

    std::string_view take() {
        left_ = world_.take();
        for (const Segment& segment : left_) {
            if (!segment.has(Flags::rst)) {
                known_.at(segment.destination.port - 1000U) = segment;
            }
            if (const auto complaint = oracle_.leaves(segment); !complaint.empty()) {
                return complaint;
            }
        }
        return {};
    }

    /// What it says comes back to it as if the program said so: at one instant that ends.
    std::string_view comes_to_rest() {
        for (int answers = 0; answers < 1000; ++answers) {
            if (left_.empty()) {
                return {};
            }
            for (Segment& segment : std::exchange(left_, {})) {
                std::swap(segment.source, segment.destination);
                world_.arrives(segment);
            }
            if (const auto complaint = take(); !complaint.empty()) {
                return complaint;
            }
        }
        return "it answers answers for ever";
    }

    World world_;
    std::mt19937 random_;
    fuzzing::Oracle oracle_;
    std::array<std::optional<Segment>, 3> known_{};  ///< what the peer sent last
    std::vector<Segment> left_;
};

}  // namespace

TEST_CASE("whatever a program does, an honest peer is one") {
    for (const std::string profile :
         {"service: discard", "service: echo", "service: {source: {bytes: 20KB}}",
          "service: echo\nafter_eof: keep-open", "tcp: {sack: false, timestamps: false}",
          "tcp: {delayed_ack: 200ms, window: 2000}"}) {
        for (std::uint32_t seed = 0; seed < 60; ++seed) {
            CAPTURE(profile);
            CAPTURE(seed);
            const std::string complaint(Chaos(profile, seed).run());
            CHECK(complaint == "");
        }
    }
}
