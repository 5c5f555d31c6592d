// `service: relay`: where to, and what is wrong with it.
#include "profile_samples.hpp"

#include <doctest/doctest.h>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

profile::Relay relay_of(const std::string& service) {
    const auto result = profile::load_text("summary: x\n" + service, "test.yaml");
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    return std::get<profile::Relay>(result.profile->service);
}

const std::string form =
    "`original`, HOST:PORT such as `db.example:5432` or `[2001:db8::5]:5432`, or the name of a "
    "server of the run";

}  // namespace

TEST_CASE("a relay leads to a host and port, or to where the client wanted to go") {
    SUBCASE("a name") {
        const auto relay = relay_of("service: {relay: db.example:5432}\n");
        CHECK(relay.to == profile::Relay::To::host);
        CHECK(relay.host == "db.example");
        CHECK(relay.port == 5432);
    }
    SUBCASE("in lines of their own") {
        const auto relay = relay_of("service:\n  relay: 127.0.0.1:65535\n");
        CHECK(relay.host == "127.0.0.1");
        CHECK(relay.port == 65535);
    }
    SUBCASE("an IPv6 address in brackets, which YAML wants in quotes") {
        const auto relay = relay_of("service: {relay: \"[2001:db8::5]:1\"}\n");
        CHECK(relay.host == "2001:db8::5");
        CHECK(relay.port == 1);
    }
    SUBCASE("the original address") {
        const auto relay = relay_of("service: {relay: original}\n");
        CHECK(relay.to == profile::Relay::To::original);
    }
    SUBCASE("by a parameter") {
        const auto relay = relay_of("params: {to: db.example:1}\nservice: {relay: \"${to}\"}\n");
        CHECK(relay.host == "db.example");
    }
}

TEST_CASE("a relay has a large window unless the profile says another") {
    CHECK(loaded("service: {relay: original}\n").tcp.window == 1 << 20);
    CHECK(loaded("service: {relay: original}\ntcp: {window: 64240}\n").tcp.window == 64240);
    CHECK(loaded("service: echo\n").tcp.window == std::nullopt);
    const auto mixed = loaded("service: {relay: original}\nattempts: {1: {service: echo}}\n");
    CHECK(mixed.tcp.window == 1 << 20);
    CHECK(mixed.attempts.at(0).profile->tcp.window == std::nullopt);
}

TEST_CASE("a relay that leads nowhere is told as exactly as other mistakes") {
    CHECK(problems("service: relay\n") == "1:10 `relay` has no value; it takes " + form + "\n");
    CHECK(problems("service: {relay: }\n") == "1:11 `relay` has no value; it takes " + form + "\n");
    CHECK(problems("service: {relay: 'db example'}\n") ==
          "1:18 `relay` takes " + form + ", not `db example`\n");
    CHECK(problems("service: {relay: 5432}\n") == "1:18 `relay` takes " + form + ", not `5432`\n");
    CHECK(problems("service: {relay: ':5432'}\n") ==
          "1:18 `relay` takes " + form + ", not `:5432`\n");
    CHECK(problems("service: {relay: 'db.example:'}\n") ==
          "1:18 `relay` takes " + form + ", not `db.example:`\n");
    CHECK(problems("service: {relay: 'a b:1'}\n") ==
          "1:18 `relay` takes " + form + ", not `a b:1`\n");
    CHECK(problems("service: {relay: '[127.0.0.1]:1'}\n") ==
          "1:18 `relay` takes " + form + ", not `[127.0.0.1]:1`\n");
    CHECK(problems("service: {relay: [original]}\n") ==
          "1:18 `relay` takes " + form + ", not a list\n");
    CHECK(problems("service: {relay: {host: a}}\n") ==
          "1:18 `relay` takes " + form + ", not a map\n");
    CHECK(problems("service: {relay: '2001:db8::5:5432'}\n") ==
          "1:18 an IPv6 address stands in brackets before its port, as in `[2001:db8::5]:5432`, "
          "not `2001:db8::5:5432`\n");
    CHECK(problems("service: {relay: '::1'}\n") ==
          "1:18 an IPv6 address stands in brackets before its port, as in `[2001:db8::5]:5432`, "
          "not `::1`\n");
    CHECK(problems("service: {relay: 'db.example:0'}\n") ==
          "1:18 the port of `relay` is a whole number from 1 to 65535, not `0`\n");
    CHECK(problems("service: {relay: 'db.example:65536'}\n") ==
          "1:18 the port of `relay` is a whole number from 1 to 65535, not `65536`\n");
    CHECK(problems("service: {relay: 'db.example:http'}\n") ==
          "1:18 the port of `relay` is a whole number from 1 to 65535, not `http`\n");
}
