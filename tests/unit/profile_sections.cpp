#include "profile_samples.hpp"

using namespace ghostpeer;
using namespace ghostpeer::testing;
using namespace std::chrono_literals;

namespace {

std::string content(const std::shared_ptr<const wire::Bytes>& bytes) {
    REQUIRE(bytes);
    return {bytes->begin(), bytes->end()};
}

template <class Kind>
Kind service(const std::string& text) {
    const auto profile = loaded("service: " + text + "\n");
    REQUIRE(std::holds_alternative<Kind>(profile.service));
    return std::get<Kind>(profile.service);
}

}  // namespace

TEST_CASE("a profile needs no more than a summary") {
    const auto profile = loaded("");
    CHECK(profile.name == "p.yaml");
    CHECK(profile.summary == "test");
    CHECK(profile.details.empty());
    CHECK(profile.rules.empty());
    CHECK(profile.sysctl.empty());
    CHECK(profile.after_eof == profile::AfterEof::close);
    CHECK(std::holds_alternative<profile::Discard>(profile.service));
    CHECK(profile.tcp.window_scale == tcp::Config().window_scale);
}

TEST_CASE("a profile that is a fault without any rule") {
    for (const auto* text :
         {"service: discard", "service: hold", "tcp: {mss: 100}", "ip: {ttl: 3}",
          "after_eof: keep-open", "extends: tiny-mss", "service: {respond: {text: x}}"}) {
        CAPTURE(text);
        CHECK(loaded(std::string(text) + "\n").constant_fault);
    }
    for (const auto* text : {"service: echo", "extends: healthy", "tcp: {nagle: off}",
                             "rules: [{on: start, do: reset}]", "extends: lossy",
                             "service: {relay: \"127.0.0.1:80\"}"}) {
        CAPTURE(text);
        CHECK_FALSE(loaded(std::string(text) + "\n").constant_fault);
    }
    for (const auto* text : {"service: {respond: {text: x}}", "extends: truncated-response",
                             "extends: drip-response"}) {
        CAPTURE(text);
        CHECK(loaded(std::string(text) + "\n").fault_in_answer);
    }
    for (const auto* text :
         {"service: discard", "extends: healthy", "service: {respond: {text: \"\", then: close}}",
          "tcp: {mss: 100}\nservice: {respond: {text: x}}",
          "service: {respond: {text: x}}\nip: {ttl: 3}",
          "extends: truncated-response\nservice: discard"}) {
        CAPTURE(text);
        CHECK_FALSE(loaded(std::string(text) + "\n").fault_in_answer);
    }
    const auto outer =
        loaded("tcp: {mss: 100}\nattempts: {1: [{on: start, do: reset}], 2: {service: hold}}\n");
    CHECK_FALSE(outer.attempts.at(0).profile->constant_fault);
    CHECK(outer.attempts.at(1).profile->constant_fault);
}

TEST_CASE("details, after_eof and ip") {
    const auto profile = loaded(
        "details: |\n  one\n  two\nafter_eof: keep-open\n"
        "ip: {ttl: 5, tos: 0, dont_fragment: off}\n");
    CHECK(profile.details == "one\ntwo\n");
    CHECK(profile.after_eof == profile::AfterEof::keep_open);
    CHECK(profile.ip.ttl == 5);
    CHECK_FALSE(profile.ip.dont_fragment);
}

TEST_CASE("tcp takes every key") {
    const auto config =
        loaded(
            "tcp: {mss: 536, window: 4KiB, window_scale: 14, sack: false, timestamps: off, "
            "isn: 4294967295, fast_open: true, rto: 3s, rto_max: 60s, retries: 3, delayed_ack: "
            "200ms, "
            "ecn: on, time_wait: 1s}\n")
            .tcp;
    CHECK(config.mss == 536);
    CHECK(config.announce_mss);
    CHECK(config.window == 4096);
    CHECK(config.window_scale == 14);
    CHECK_FALSE(config.sack);
    CHECK_FALSE(config.timestamps);
    CHECK(config.isn == 4294967295U);
    CHECK(config.fast_open);
    CHECK(config.rto_initial == 3s);
    CHECK(config.rto_max == 60s);
    CHECK(config.retries == 3);
    CHECK(config.syn_retries == 3);
    CHECK(config.syn_ack_retries == 3);
    CHECK(config.delayed_ack == 200ms);
    CHECK(config.delayed_ack_max == 200ms);
    CHECK(config.ecn == tcp::Ecn::on);
    CHECK(config.time_wait == 1s);
}

TEST_CASE("tcp: what can be off is off") {
    const auto config =
        loaded("tcp: {mss: off, window_scale: off, isn: random, delayed_ack: off}\n").tcp;
    CHECK_FALSE(config.announce_mss);
    CHECK_FALSE(config.window_scale);
    CHECK_FALSE(config.isn);
    CHECK_FALSE(config.delayed_ack);
    CHECK(loaded("tcp: {ecn: off}\n").tcp.ecn == tcp::Ecn::off);
    CHECK(loaded("tcp: {ecn: passive}\n").tcp.ecn == tcp::Ecn::passive);
}

TEST_CASE("tcp: the limits of the retransmission timer follow the one that is named") {
    const auto short_rto = loaded("tcp: {rto: 50ms}\n").tcp;
    CHECK(short_rto.rto_initial == 50ms);
    CHECK(short_rto.rto_min == 50ms);
    const auto short_max = loaded("tcp: {rto_max: 500ms}\n").tcp;
    CHECK(short_max.rto_initial == 500ms);
    CHECK(short_max.rto_max == 500ms);
    CHECK(short_max.rto_min == 200ms);
    CHECK(loaded("tcp: {rto: 300s}\n").tcp.rto_max == 300s);
}

TEST_CASE("services, as words and as maps") {
    CHECK_FALSE(service<profile::Discard>("discard").rate);
    CHECK(service<profile::Discard>("{discard: {rate: 10KiB/s}}").rate == 10240);
    service<profile::Echo>("echo");
    service<profile::Hold>("{hold: }");
    CHECK_FALSE(service<profile::Source>("source").bytes);
    const auto source = service<profile::Source>("{source: {bytes: 1MB, rate: 1B/s}}");
    CHECK(source.bytes == 1'000'000);
    CHECK(source.rate == 1);
    const auto respond = service<profile::Respond>(
        R"({respond: {text: "HTTP/1.0 200\r\n", when: "\r\n\r\n", rate: 1KB/s, then: close}})");
    CHECK(content(respond.content) == "HTTP/1.0 200\r\n");
    CHECK(respond.when == "\r\n\r\n");
    CHECK(respond.rate == 1000);
    CHECK(respond.then_close);
    CHECK_FALSE(service<profile::Respond>("{respond: {text: hi}}").then_close);
    CHECK(service<profile::Respond>("{respond: {text: hi, when: a, close_when: {hex: 62}}}")
              .close_when == "b");
}

TEST_CASE("sysctl keeps its order and its values' text") {
    const auto sysctl =
        loaded("sysctl: {net.ipv4.tcp_rmem: 4096 131072 6291456, net.core.somaxconn: 1}\n").sysctl;
    REQUIRE(sysctl.size() == 2);
    CHECK(sysctl[0].first == "net.ipv4.tcp_rmem");
    CHECK(sysctl[0].second == "4096 131072 6291456");
    CHECK(sysctl[1].first == "net.core.somaxconn");
}

TEST_CASE("what stands beside the rules has errors of its own") {
    CHECK(problems("tcp: {mss: 0}\n") ==
          "1:12 `mss` takes `off` or a whole number from 1 to 65535, not `0`\n");
    CHECK(problems("tcp: {window: 1.5}\n") ==
          "1:15 `window` takes a map such as `{max: 2MiB}` or a size such as `1000`, `4KiB` or "
          "`1MB` from 0 to 1073741824, "
          "not `1.5`\n");
    CHECK(problems("tcp: {window_scale: 15}\n") ==
          "1:21 `window_scale` takes `off` or a whole number from 0 to 14, not `15`\n");
    CHECK(problems("tcp: {sack: maybe}\n") == "1:13 `sack` takes `true` or `false`, not `maybe`\n");
    CHECK(problems("tcp: {timestamps: [on]}\n") ==
          "1:19 `timestamps` takes `passive`, `true` or `false`, not a list\n");
    CHECK(problems("tcp: {isn: -1}\n") ==
          "1:12 `isn` takes `random` or a whole number from 0 to 4294967295, not `-1`\n");
    CHECK(problems("tcp: {rto: 3s, rto_max: 1s}\n") ==
          "1:12 `rto` is 3s, more than the 1s of `rto_max`\n");
    CHECK(problems("tcp: {rto: 0s}\n") == "1:12 `rto` is at least 1ms\n");
    CHECK(problems("tcp: {delayed_ack: 5}\n") ==
          "1:20 `delayed_ack` takes `off` or a time such as `250ms`, `5s`, `2m` or `1h`, up to "
          "10000h, not `5`\n");
    CHECK(problems("tcp: {ecn: maybe}\n") ==
          "1:12 `ecn` takes `off`, `passive` or `on`, not `maybe`\n");
    CHECK(problems("tcp: {retries: 256}\n") ==
          "1:16 `retries` takes a map such as `{data: 5}` or a whole number from 0 to 255, not "
          "`256`\n");
    CHECK(problems("tcp: {mms: 1}\n") ==
          "1:7 there is no key `mms` in `tcp`; did you mean `mss`?\n");
    CHECK(problems("tcp: linux\n") == "1:6 `tcp` takes a map such as `{mss: 536}`, not `linux`\n");
    CHECK(problems("tcp:\n") == "1:1 `tcp` has no value; it takes a map such as `{mss: 536}`\n");
    CHECK(problems("ip: {ttl: 0}\n") == "1:11 `ttl` takes a whole number from 1 to 255, not `0`\n");
    CHECK(problems("after_eof: never\n") ==
          "1:12 `after_eof` takes `close` or `keep-open`, not `never`\n");
    CHECK(problems("sysctl: {kernel.panic: 1}\n") ==
          "1:10 `kernel.panic` is no sysctl of a network namespace; write the full name, as in "
          "`net.ipv4.tcp_syn_retries`\n");
    CHECK(problems("sysctl: {net.ipv4/../../kernel: 1}\n").find("is no sysctl of a network") !=
          std::string::npos);
    CHECK(problems("sysctl: {net..x: 1}\n").find("is no sysctl of a network") != std::string::npos);
    CHECK(problems("sysctl: {net.ipv4.ip_forward: [1]}\n") ==
          "1:31 `net.ipv4.ip_forward` takes a number or a line of text, not a list\n");
}

TEST_CASE("services have errors of their own") {
    CHECK(problems("service: ecko\n") == "1:10 there is no service `ecko`; did you mean `echo`?\n");
    CHECK(problems("service: {echo: , hold: }\n") == "1:10 `service` names one service, not 2\n");
    CHECK(problems("service: {echo: {rate: 1B/s}}\n") ==
          "1:17 the service `echo` takes no options\n");
    CHECK(problems("service: {discard: 5}\n") ==
          "1:20 `discard` takes a map of options, not `5`\n");
    CHECK(problems("service: {discard: {rate: 10KiB}}\n") ==
          "1:27 `rate` takes a rate such as `10KiB/s`, at least `1B/s`, not `10KiB`\n");
    CHECK(problems("service: {source: {bytes: 0}}\n") ==
          "1:27 `bytes` takes a size such as `1000`, `4KiB` or `1MB` of at least 1, not `0`\n");
    CHECK(problems("service: respond\n") ==
          "1:10 `respond` needs an answer: `text`, `hex`, `base64` or `file`\n");
    CHECK(problems("service: {respond: {text: a, file: b}}\n")
              .find("1:11 `respond` takes one of `text`, `hex`, `base64` and `file`\n") !=
          std::string::npos);
    CHECK(problems("service: {respond: {text: a, when: ''}}\n") ==
          "1:36 `when` needs a pattern; without `when` any data is answered\n");
    CHECK(problems("service: {respond: {text: a, when: b, close_when: \"\"}}\n")
              .find("`close_when` needs a pattern") != std::string::npos);
    CHECK(problems("service: {respond: {text: a, close_when: b}}\n")
              .find("1:30 `close_when` looks at what `when` has ended") != std::string::npos);
    CHECK(problems("service: {respond: {text: a, then: shutdown}}\n") ==
          "1:36 `then` takes `close`, not `shutdown`\n");
    CHECK(problems("service: [echo]\n") ==
          "1:10 `service` takes a service such as `echo` or `{discard: {rate: 10KiB/s}}`, not a "
          "list\n");
}

TEST_CASE("an answer can be in a file beside the profile") {
    const Folder folder;
    folder.write("answers/page.bin", std::string("a\0b", 3));
    const auto path =
        folder.write("p.yaml", "summary: x\nservice: {respond: {file: answers/page.bin}}\n");
    const auto result = profile::load(path);
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(content(std::get<profile::Respond>(result.profile->service).content) ==
          std::string("a\0b", 3));
}
