// `link:` in a profile and on the command line.
#include "profile_samples.hpp"

#include "ghostpeer/profile/link.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

[[nodiscard]] profile::Link link_of(const std::string& text) {
    const auto profile = loaded(text);
    REQUIRE(profile.link);
    return *profile.link;
}

}  // namespace

TEST_CASE("a link says its figures for both directions, or for one") {
    const auto link = link_of(
        "link: {rate: 1Mbit/s, delay: 100ms, jitter: 10ms, loss: 2%, reorder: 1%, duplicate: 0.1%, "
        "queue: 64KiB, up: {rate: 125B/s, loss: {good_to_bad: 1%, bad_to_good: 30%}}}\n");
    CHECK(link.down.rate == 1'000'000);
    CHECK(link.down.delay == 100ms);
    CHECK(link.down.jitter == 10ms);
    CHECK(link.down.loss == profile::Loss::plain(0.02));
    CHECK(link.down.reorder == 0.01);
    CHECK(link.down.duplicate == 0.001);
    CHECK(link.down.queue == 65'536);
    CHECK(link.up.rate == 1000);
    CHECK(link.up.loss == profile::Loss{0.01, 0.3});
    CHECK(link.up.delay == 100ms);
    CHECK(profile::to_string(link.down) ==
          "{rate: 1Mbit/s, delay: 100ms, jitter: 10ms, loss: 2%, reorder: 1%, duplicate: 0.1%, "
          "queue: 64KiB}");
    CHECK(profile::to_string(link.up) ==
          "{rate: 1kbit/s, delay: 100ms, jitter: 10ms, loss: {good_to_bad: 1%, bad_to_good: 30%}, "
          "reorder: 1%, duplicate: 0.1%, queue: 64KiB}");
    CHECK_FALSE(loaded("").link);
}

TEST_CASE("what a direction says goes before what is said of both, wherever it stands") {
    const auto link = link_of("link: {down: {rate: 2Mbit/s}, rate: 1Mbit/s}\n");
    CHECK(link.down.rate == 2'000'000);
    CHECK(link.up.rate == 1'000'000);
}

TEST_CASE("rates of a link") {
    const auto rate = [](const std::string& text) {
        return link_of("link: {rate: " + text + "}\n").up.rate.value_or(77);
    };
    CHECK(rate("9600bit/s") == 9600);
    CHECK(rate("1.5Mbit/s") == 1'500'000);
    CHECK(rate("56kbit/s") == 56'000);
    CHECK(rate("1Gbit/s") == 1'000'000'000);
    CHECK(rate("10KB/s") == 80'000);
    CHECK(rate("1KiB/s") == 8192);
    CHECK(rate("unlimited") == profile::LinkWay::unlimited);
    for (const auto* wrong : {"1Mbit", "0bit/s", "1mbit/s", "1MBbit/s", "1Mibit/s", "kbit/s",
                              "101Gbit/s", "-1kbit/s", "1 Mbit/s x", "[1]"}) {
        CAPTURE(wrong);
        CHECK(problems("link: {rate: " + std::string(wrong) + "}\n").find("takes a rate such as") !=
              std::string::npos);
    }
}

TEST_CASE("what is wrong with a link is said at its place") {
    CHECK(problems("link: {}\n") == "1:7 `link` says nothing of the link\n");
    CHECK(problems("link: {dealy: 1s}\n") ==
          "1:8 there is no key `dealy` in `link`; did you mean `delay`?\n");
    CHECK(problems("link: {up: {rat: 1kbit/s}}\n") ==
          "1:13 there is no key `rat` in `up`; did you mean `rate`?\n");
    CHECK(problems("link: {delay: 2h}\n") == "1:15 `delay` is at most 1h\n");
    CHECK(problems("link: {loss: {good_to_bad: 1%}}\n") ==
          "1:14 a loss in runs has both chances, `good_to_bad` and `bad_to_good`\n");
    CHECK(problems("link: {reorder: 1%}\n") ==
          "1:1 a packet that is reordered overtakes by the `delay`, and `link` has none\n");
    CHECK(problems("link: {queue: 1KiB}\n") ==
          "1:1 packets wait in a `queue` only where a `rate` makes them, and `link` has none\n");
}

TEST_CASE("an extending profile changes of the link what it says") {
    const auto link = link_of("extends: 3g\nlink: {down: {rate: 5Mbit/s}, loss: 1%}\n");
    CHECK(link.down.rate == 5'000'000);
    CHECK(link.up.rate == 768'000);
    CHECK(link.up.delay == 150ms);
    CHECK(link.up.loss == profile::Loss::plain(0.01));
    CHECK(loaded("extends: 3g\n").constant_fault);
}

TEST_CASE("attempts in place go the way of their profile") {
    const auto profile = loaded("link: {rate: 1Mbit/s}\nattempts: {1: [{on: start, do: reset}]}\n");
    REQUIRE(profile.attempts.size() == 1);
    CHECK(profile.attempts[0].profile->link == profile.link);
    const auto named = loaded("link: {rate: 1Mbit/s}\nattempts: {1: refuse, 2: 3g}\n");
    REQUIRE(named.attempts.size() == 2);
    CHECK(named.attempts[0].profile->link == named.link);
    CHECK(named.attempts[1].profile->link->up.rate == 768'000);
}

TEST_CASE("a rule may change the link") {
    const auto rule = loaded_rule("{on: start, do: {link: {rate: 10kbit/s}}}");
    REQUIRE(rule.actions.size() == 1);
    const auto* change = std::get_if<profile::ChangeLink>(rule.actions.data());
    REQUIRE(change != nullptr);
    CHECK(change->to.up.rate == 10'000);
    CHECK_FALSE(change->to.up.delay);
    CHECK(profile::name(rule.actions[0]) == "link");
}

TEST_CASE("a link from the command line") {
    const auto link = profile::parse_link({{"rate", "1Mbit/s"},
                                           {"loss", "{good_to_bad: 1%, bad_to_good: 50%}"},
                                           {"up", "rate: 64kbit/s, delay: 5ms"}});
    REQUIRE(link);
    CHECK(link->down.rate == 1'000'000);
    CHECK(link->down.loss == profile::Loss{0.01, 0.5});
    CHECK(link->up.rate == 64'000);
    CHECK(link->up.delay == 5ms);
    CHECK_FALSE(link->down.delay);
    REQUIRE(profile::parse_link({}));
    CHECK(*profile::parse_link({}) == profile::Link{});
    CHECK(profile::parse_link({{"rate", "fast"}}).error() ==
          "--rate: `rate` takes a rate such as `1Mbit/s` or `125KB/s`, or `unlimited`, not "
          "`fast`.");
    for (const auto* wrong :
         {"1%, rate: 1kbit/s", "{", "[]", "{good_to_bad: 1%}", "\x01", "&a *a"}) {
        CAPTURE(wrong);
        CHECK_FALSE(profile::parse_link({{"loss", wrong}}));
    }
}
