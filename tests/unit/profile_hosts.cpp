// Hosts of other kinds, and the keys of `tcp` that they are made of.
#include "profile_samples.hpp"

#include "support/tcp_conversation.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

profile::Profile host(const std::string& name, const std::string& more = "") {
    const auto result = profile::load_text("extends: host-" + name + "\n" + more, "p.yaml", {});
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    return *result.profile;
}

}  // namespace

TEST_CASE("host-linux is what every profile is, to the last figure") {
    const auto linux = host("linux");
    CHECK(linux.tcp == tcp::Config());
    const profile::IpConfig ip;
    CHECK(linux.ip.ttl == ip.ttl);
    CHECK(linux.ip.tos == ip.tos);
    CHECK(linux.ip.dont_fragment == ip.dont_fragment);
    for (const char* other : {"windows", "freebsd", "lwip"}) {
        CHECK_FALSE(host(other).tcp == tcp::Config());
    }
}

TEST_CASE("what each host gives up after, by the clock") {
    // A SYN-ACK that nobody answers: FreeBSD 15 s, lwIP 21 s, Windows 7 s, Linux 63 s.
    const auto silence_ends = [](const std::string& name) {
        const auto profile = host(name);
        test::Conversation c(profile.tcp);
        c.open(test::syn({.scale = 7, .sack = true, .tsval = 1}));
        const Instant begin = c.now;
        while (c.tcb.state() != tcp::State::closed) {
            REQUIRE(c.tcb.next_deadline());
            c.until(*c.tcb.next_deadline());
        }
        return c.now - begin;
    };
    CHECK(silence_ends("linux") == 63s);
    CHECK(silence_ends("windows") == 7s);
    CHECK(silence_ends("freebsd") == 15s);
    CHECK(silence_ends("lwip") == 21s);
}

TEST_CASE("when each host's SYNs come") {
    const auto distances = [](const std::string& name) {
        const auto profile = host(name);
        test::Conversation c(profile.tcp);
        c.dials();
        std::vector<long> seconds;
        for (Instant last = c.now; c.tcb.next_deadline(); last = c.now) {
            c.until(*c.tcb.next_deadline());
            seconds.push_back(
                std::chrono::duration_cast<std::chrono::seconds>(c.now - last).count());
        }
        return seconds;
    };
    using Seconds = std::vector<long>;
    CHECK(distances("linux") == Seconds{1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64});
    CHECK(distances("windows") == Seconds{1, 2, 4, 8, 16});
    CHECK(distances("freebsd") == Seconds{1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64});
    CHECK(distances("lwip") == Seconds{3, 3, 3, 3, 3, 3, 3});
}

TEST_CASE("a profile that extends a host changes what it names") {
    const auto lwip = host("lwip", "tcp: {mss: 1460, window: 5840, retries: 3}\n").tcp;
    CHECK(lwip.mss == 1460);
    CHECK(lwip.send_mss == 536);
    CHECK(lwip.window == 5840);
    CHECK(lwip.syn_retries == 3);
    CHECK(lwip.syn_linear_timeouts == tcp::Config().syn_linear_timeouts);
    CHECK(lwip.reuse == tcp::Reuse::never);
    // A window that is fixed is, whatever it could grow to before.
    const auto windows = host("windows", "tcp: {window: 4KiB}\n").tcp;
    CHECK(windows.window == 4096);
    CHECK_FALSE(windows.window_grows);
}

TEST_CASE("tcp: what hosts differ in") {
    const auto config =
        loaded(
            "tcp: {send_mss: 536, send_buffer: 1KiB, initial_cwnd: 4, timestamps: passive,\n"
            "      rto: 3s, rto_min: 1500ms, quick_acks: off, reset_unread: no, fin_wait_2: 20s,\n"
            "      retries: {syn: 1, syn_linear: 2, syn_ack: 3, data: 4, closed: 5}}\n")
            .tcp;
    CHECK(config.send_mss == 536);
    CHECK(config.send_buffer == 1024);
    CHECK(config.initial_cwnd == 4);
    CHECK(config.timestamps);
    CHECK_FALSE(config.offer_timestamps);
    CHECK(config.rto_min == 1500ms);
    CHECK(config.plain_acks);
    CHECK(config.quick_acks == 0);
    CHECK_FALSE(config.reset_unread);
    CHECK(config.fin_wait_2 == 20s);
    CHECK(config.syn_retries == 1);
    CHECK(config.syn_linear_timeouts == 2);
    CHECK(config.syn_ack_retries == 3);
    CHECK(config.retries == 4);
    CHECK(config.orphan_retries == 5);
    // What a map of retries leaves out is Linux's.
    tcp::Config expected;
    expected.retries = 7;
    CHECK(loaded("tcp: {retries: {data: 7}}\n").tcp == expected);
    CHECK(problems("tcp: {retries: few}\n") ==
          "1:16 `retries` takes a map such as `{data: 5}` or a whole number from 0 to 255, not "
          "`few`\n");
    CHECK(problems("tcp: {retries: {sin: 1}}\n") ==
          "1:17 there is no key `sin` in `retries`; did you mean `syn`?\n");
}

TEST_CASE("tcp: a window from here to there") {
    const auto both = loaded("tcp: {window: {initial: 4KiB, max: 1MiB}}\n").tcp;
    CHECK(both.window == 4096);
    CHECK(both.window_max == 1U << 20U);
    CHECK(both.window_grows);
    CHECK_FALSE(loaded("tcp: {window: 4KiB}\n").tcp.window_grows);
    const auto most = loaded("tcp: {window: {max: 10MiB}}\n").tcp;
    CHECK_FALSE(most.window);
    CHECK(most.window_max == 10U << 20U);
    // No window begins with more than it may come to.
    CHECK(loaded("tcp: {window: {max: 10000}}\n").tcp.window == 10'000);
    CHECK(problems("tcp: {window: {initial: 2MiB, max: 1MiB}}\n") ==
          "1:15 `initial` is more than `max`\n");
    CHECK(problems("tcp: {window: {initial: 10MiB}}\n") == "1:15 `initial` is more than `max`\n");
    CHECK(problems("tcp: {window: wide}\n") ==
          "1:15 `window` takes a map such as `{max: 2MiB}` or a size such as `1000`, `4KiB` or "
          "`1MB` from 0 to 1073741824, not `wide`\n");
}

TEST_CASE("tcp: the order of options, and who takes the ports of TIME-WAIT") {
    using wire::SynOption;
    const auto config =
        loaded("tcp: {reuse: never, option_order: [mss, window_scale, sack, timestamps]}\n").tcp;
    CHECK(config.reuse == tcp::Reuse::never);
    CHECK(config.option_order == wire::SynOptionOrder{SynOption::mss, SynOption::window_scale,
                                                      SynOption::sack_permitted,
                                                      SynOption::timestamps});
    CHECK(loaded("tcp: {reuse: higher}\n").tcp.reuse == tcp::Reuse::higher);
    CHECK(loaded("tcp: {reuse: newer}\n").tcp.reuse == tcp::Reuse::newer);
    CHECK(problems("tcp: {reuse: always}\n") ==
          "1:14 `reuse` takes `newer`, `higher` or `never`, not `always`\n");
    for (const char* order : {"[]", "[mss, sack, timestamps]", "[mss, mss, sack, timestamps]",
                              "[mss, window_scale, sack, timestamps, mss]",
                              "[mss, window_scale, sack, ts]", "[mss, sack, timestamps, [mss]]"}) {
        CHECK(problems("tcp: {option_order: " + std::string(order) + "}\n") ==
              "1:21 `option_order` takes `mss`, `sack`, `timestamps` and `window_scale` in some "
              "order, as a list\n");
    }
    CHECK(problems("tcp: {option_order: mss}\n") ==
          "1:21 `option_order` takes `mss`, `sack`, `timestamps` and `window_scale` in some "
          "order, as a list, not `mss`\n");
}
