// Addresses are probed for, announced, defended and given up at the RFC's times.
#include "link/claim.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::link;
using namespace std::chrono_literals;
using Send = Claim::Send;
using State = Claim::State;
using Rival = Claim::Rival;

namespace {

constexpr Instant start = run_start + 100s;

/// Silent just before its deadline, and what it sends at it.
Send step(Claim& claim) {
    REQUIRE(claim.next_deadline());
    const Instant at = *claim.next_deadline();
    CHECK(claim.on_time(at - 1ns) == Send::nothing);
    CHECK(claim.next_deadline() == at);
    return claim.on_time(at);
}

/// A claim that has been announced.
Claim settled(Instant& now) {
    Claim claim(ClaimTiming::rfc5227(), 1, start);
    while (claim.next_deadline()) {
        now = *claim.next_deadline();
        (void)claim.on_time(now);
    }
    REQUIRE(claim.state() == State::claimed);
    return claim;
}

}  // namespace

TEST_CASE("an IPv4 address is probed for three times and announced twice") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        Claim claim(ClaimTiming::rfc5227(), seed, start);
        Instant last = start;
        const auto waited = [&] {
            const Duration length = *claim.next_deadline() - last;
            last = *claim.next_deadline();
            return length;
        };
        Duration wait = waited();
        CHECK(wait >= 0s);
        CHECK(wait <= 1s);
        CHECK(step(claim) == Send::probe);
        for (int n = 0; n < 2; ++n) {
            wait = waited();
            CHECK(wait >= 1s);
            CHECK(wait <= 2s);
            CHECK(step(claim) == Send::probe);
        }
        CHECK(waited() == 2s);
        CHECK(claim.state() == State::probing);
        CHECK(step(claim) == Send::announcement);
        CHECK(claim.state() == State::claimed);
        CHECK(waited() == 2s);
        CHECK(step(claim) == Send::announcement);
        CHECK_FALSE(claim.next_deadline());
        CHECK(claim.on_time(last + 1h) == Send::nothing);
    }
}

TEST_CASE("an IPv6 address is solicited once, and ours a second later") {
    Claim claim(ClaimTiming::rfc4862(), 7, start);
    CHECK(*claim.next_deadline() <= start + 1s);
    const Instant probe = *claim.next_deadline();
    CHECK(step(claim) == Send::probe);
    CHECK(*claim.next_deadline() == probe + 1s);
    CHECK(step(claim) == Send::announcement);
    CHECK(claim.state() == State::claimed);
}

TEST_CASE("the random waits differ with the seed") {
    const Claim a(ClaimTiming::rfc5227(), 1, start);
    const Claim b(ClaimTiming::rfc5227(), 2, start);
    CHECK(*a.next_deadline() != *b.next_deadline());
}

TEST_CASE("a rival at any moment of probing takes the address") {
    for (const Rival rival : {Rival::uses, Rival::wants}) {
        for (int probes = 0; probes <= 3; ++probes) {
            Claim claim(ClaimTiming::rfc5227(), 3, start);
            for (int n = 0; n < probes; ++n) {
                CHECK(step(claim) == Send::probe);
            }
            CHECK(claim.on_rival(rival, start + 1s) == Send::nothing);
            CHECK(claim.state() == State::taken);
            CHECK_FALSE(claim.next_deadline());
            CHECK(claim.on_time(start + 1h) == Send::nothing);
        }
    }
}

TEST_CASE("a claimed address is defended once in ten seconds") {
    Instant now;
    Claim claim = settled(now);
    CHECK(claim.on_rival(Rival::uses, now) == Send::announcement);
    CHECK(claim.state() == State::claimed);

    SUBCASE("a second conflict just within them: give way") {
        CHECK(claim.on_rival(Rival::uses, now + 10s - 1ns) == Send::nothing);
        CHECK(claim.state() == State::lost);
        CHECK(claim.on_rival(Rival::uses, now + 30s) == Send::nothing);
    }
    SUBCASE("a second conflict after them: defend again") {
        CHECK(claim.on_rival(Rival::uses, now + 10s) == Send::announcement);
        CHECK(claim.state() == State::claimed);
    }
}

TEST_CASE("who only probes for a claimed address is no conflict") {
    Instant now;
    Claim claim = settled(now);
    for (int n = 0; n < 5; ++n) {
        CHECK(claim.on_rival(Rival::wants, now) == Send::nothing);
    }
    CHECK(claim.state() == State::claimed);
}

TEST_CASE("a conflict between the announcements is defended too") {
    Claim claim(ClaimTiming::rfc5227(), 1, start);
    while (claim.state() == State::probing) {
        (void)step(claim);
    }
    const auto deadline = claim.next_deadline();
    CHECK(claim.on_rival(Rival::uses, *deadline - 1s) == Send::announcement);
    CHECK(claim.next_deadline() == deadline);
}

TEST_CASE("probing can be shortened, never prolonged") {
    const ClaimTiming full = ClaimTiming::rfc5227();
    CHECK(full.longest() == 7s);
    const ClaimTiming brief = full.within(700ms);
    CHECK(brief.longest() == 700ms);
    CHECK(brief.probes == 3);
    CHECK(brief.probe_min == 100ms);
    CHECK(brief.defend_interval == 10s);
    CHECK(full.within(1h).longest() == 7s);
    CHECK(full.within(0s).longest() == 0s);
}
