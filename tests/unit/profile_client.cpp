// `role:` and `client:`.
#include "profile_samples.hpp"

#include "ghostpeer/profile/catalogue.hpp"

#include <chrono>
#include <string>
#include <variant>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;

TEST_CASE("a peer is a server unless it says otherwise") {
    CHECK(loaded("").role == profile::Role::server);
    CHECK(loaded("role: server\n").role == profile::Role::server);
    const auto bare = loaded("role: client\n");
    CHECK(bare.role == profile::Role::client);
    CHECK_FALSE(bare.client.port);
    CHECK(bare.client.connections == 1);
    CHECK_FALSE(bare.client.rate);
    CHECK_FALSE(bare.client.source_port);
}

TEST_CASE("client takes every key") {
    const auto client =
        loaded("role: client\nclient: {port: 8080, connections: 1000000, rate: 10}\n").client;
    CHECK(client.port == 8080);
    CHECK(client.connections == 1'000'000);
    CHECK(client.rate == 10.0);
    const auto slow =
        loaded("role: client\nclient: {rate: 0.25/s, source_port: 65534, connections: 2}\n").client;
    CHECK(slow.rate == 0.25);
    CHECK(slow.source_port == 65534);
    CHECK(loaded("role: client\nclient: {rate: 10 /s}\n").client.rate == 10.0);
    CHECK(loaded("role: client\nclient: {rate: 3.50}\n").client.rate == 3.5);
}

TEST_CASE("a profile may turn another one's peer into a client, key by key") {
    const Folder folder;
    folder.write("base.yaml", "summary: x\nrole: client\nclient: {port: 80, connections: 3}\n");
    const auto path =
        folder.write("p.yaml", "summary: y\nextends: base.yaml\nclient: {port: 81}\n");
    const auto result = profile::load(path);
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(result.profile->role == profile::Role::client);
    CHECK(result.profile->client.port == 81);
    CHECK(result.profile->client.connections == 3);
    CHECK(loaded("role: client\nextends: silent-after-handshake\n").role == profile::Role::client);
}

TEST_CASE("no profile of the catalogue makes a client that answers as a server does") {
    for (const auto& entry : profile::catalogue()) {
        const std::string name(entry.name);
        CAPTURE(name);
        const auto server = profile::load(name);
        REQUIRE(server.profile);
        if (server.profile->role == profile::Role::client) {
            continue;
        }
        const auto client =
            profile::load_text("summary: x\nextends: " + name + "\nrole: client\n", "p.yaml", {});
        REQUIRE_MESSAGE(client.profile, profile::to_string(client.errors));
        CHECK_FALSE(std::holds_alternative<profile::Respond>(client.profile->service));
        for (const auto& attempt : client.profile->attempts) {
            CHECK_FALSE(std::holds_alternative<profile::Respond>(attempt.profile->service));
        }
    }
    // Its own words, and how it reads, are a client's as well.
    const auto own = loaded("role: client\nservice: {respond: {text: hello}}\n");
    CHECK(std::holds_alternative<profile::Respond>(own.service));
    const auto reader = loaded("extends: zero-window\nrole: client\n");
    CHECK_FALSE(std::holds_alternative<profile::Discard>(reader.service));
}

TEST_CASE("a client has addresses, times, an order and a command") {
    const auto client = loaded(
                            "role: client\n"
                            "client: {sources: [198.18.64.0/24, \"2001:2::/64\"], "
                            "at: [5s, 0s], after: response, on: command go}\n")
                            .client;
    REQUIRE(client.sources.size() == 2);
    CHECK(client.sources[1].to_string() == "2001:2::/64");
    CHECK(client.at == std::vector<Duration>{Duration::zero(), std::chrono::seconds(5)});
    CHECK(client.after == profile::After::response);
    CHECK(client.on == "go");
    CHECK(loaded("role: client\nclient: {sources: 198.18.64.7, at: 2s}\n").client.at.size() == 1);
    CHECK_FALSE(problems("role: client\nclient: {sources: 198.18.64.1/24}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {sources: []}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {at: []}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {at: [soon]}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {after: lunch}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {after: closed, rate: 5}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {on: start}\n").empty());
    CHECK_FALSE(problems("role: client\nclient: {connections: 600000, at: [0s, 1s]}\n").empty());
    CHECK(loaded("role: client\n"
                 "client: {source_port: 65535, connections: 254, sources: 198.18.64.0/24}\n")
              .client.connections == 254);
}

TEST_CASE("what a server says is not inherited, and that is said") {
    for (const char* service :
         {"{respond: {text: hi}}", "{source: {bytes: 10}}", "echo", "{script: [{say: hi}]}"}) {
        CAPTURE(service);
        const Folder folder;
        folder.write("base.yaml", std::string("summary: x\nservice: ") + service + "\n");
        const auto heir =
            profile::load(folder.write("p.yaml", "summary: y\nextends: base.yaml\nrole: client\n"));
        REQUIRE_MESSAGE(heir.profile, profile::to_string(heir.errors));
        CHECK(std::holds_alternative<profile::Discard>(heir.profile->service));
        REQUIRE(heir.profile->remarks.size() == 1);
        CHECK(heir.profile->remarks[0].find("base.yaml") != std::string::npos);
        const auto own = profile::load(folder.write(
            "q.yaml", "summary: y\nextends: base.yaml\nrole: client\nservice: discard\n"));
        REQUIRE(own.profile);
        CHECK(own.profile->remarks.empty());
    }
}

TEST_CASE("role and client have errors of their own") {
    CHECK(problems("role: clinet\n") == "1:7 `role` takes `server` or `client`, not `clinet`\n");
    CHECK(problems("role:\n") == "1:1 `role` has no value; it takes `server` or `client`\n");
    CHECK(problems("client: {port: 80}\n") ==
          "1:1 `client` says how the peer opens connections, which needs `role: client`\n");
    CHECK(problems("role: client\nservice: {relay: original}\n") ==
          "1:7 `service: relay` passes on what the program opens, and with `role: client` it opens "
          "nothing\n");
    CHECK(problems("role: client\nclient: 80\n") ==
          "2:9 `client` takes a map such as `{port: 8080}`, not `80`\n");
    CHECK(problems("role: client\nclient: {port: 0}\n") ==
          "2:16 `port` takes a whole number from 1 to 65535, not `0`\n");
    CHECK(problems("role: client\nclient: {connections: 1000001}\n") ==
          "2:23 `connections` takes a whole number from 1 to 1000000, not `1000001`\n");
    CHECK(problems("role: client\nclient: {source_port: 65536}\n") ==
          "2:23 `source_port` takes a whole number from 1 to 65535, not `65536`\n");
    CHECK(problems("role: client\nclient: {ports: 80}\n") ==
          "2:10 there is no key `ports` in `client`; did you mean `port`?\n");
    CHECK(problems("role: client\nclient: {source_port: 65535, connections: 2}\n") ==
          "2:1 `connections: 2` from `source_port: 65535` on would need ports beyond 65535\n");
    for (const std::string rate :
         {"0", "0.0", "-1", "ten", "10/m", "1.", ".5", "100001", "1.1234567", "[1]", "1e3"}) {
        CAPTURE(rate);
        CHECK(problems("role: client\nclient: {rate: " + rate + "}\n")
                  .starts_with("2:16 `rate` takes connections per second such as `10` or `0.5`, "
                               "up to 100000, not "));
    }
}

TEST_CASE("only a profile as a whole has a role") {
    CHECK(problems("role: client\nattempts: {1: {role: server}}\n")
              .find("there is no key `role` in an attempt") != std::string::npos);
}
