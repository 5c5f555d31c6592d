// `exec` and `servers`: programs behind the peer, and what is wrong with them.
#include "profile_samples.hpp"
#include "setup/server_set.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

using Words = std::vector<std::string>;

profile::Relay exec_of(const std::string& service) {
    return std::get<profile::Relay>(loaded("service: {exec: " + service + "}\n").service);
}

std::string server_problem(const Words& options, const std::string& body, bool served = false) {
    setup::CommonOptions common;
    common.servers = options;
    const auto set = setup::gather_servers(
        common, {std::make_shared<const profile::Profile>(loaded(body))}, served);
    return set ? "" : set.error();
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("exec takes a program and its arguments, and how many of them there may be at once") {
    const auto plain = exec_of("[python3, -u, 'a b.py']");
    CHECK(plain.to == profile::Relay::To::process);
    CHECK(plain.command == Words{"python3", "-u", "a b.py"});
    CHECK(plain.processes == 64);
    CHECK(plain.place.line > 0);
    const auto long_form = exec_of("{command: [cat], processes: 2}");
    CHECK(long_form.command == Words{"cat"});
    CHECK(long_form.processes == 2);
    CHECK(loaded("service: {exec: [cat]}\n").tcp.window == 1 << 20);
}

TEST_CASE("an exec that starts nothing is told with its place") {
    CHECK(holds(problems("service: {exec: cat}\n"), "1:17 `exec` takes a program and its"));
    CHECK(holds(problems("service: {exec: []}\n"), "`exec` needs a program"));
    CHECK(holds(problems("service: {exec: ['']}\n"), "a program has a name"));
    CHECK(holds(problems("service: {exec: [cat, [a]]}\n"), "is a text, not a list"));
    CHECK(holds(problems("service: {exec: [\"a\\0b\"]}\n"), "holds no byte 0"));
    CHECK(holds(problems("service: {exec: {processes: 1}}\n"), "`exec` needs a `command`"));
    CHECK(holds(problems("service: {exec: {command: [cat], processes: 0}}\n"), "from 1 to 1000"));
    CHECK(holds(problems("service: {exec: {command: [cat], prcesses: 1}}\n"),
                "did you mean `processes`"));
    CHECK(holds(problems("role: client\nservice: {exec: [cat]}\n"), "`service: exec` passes on"));
}

TEST_CASE("servers have a command, and a port, words or a time by which they are ready") {
    const auto profile = loaded(
        "servers:\n"
        "  redis: redis-server --port 6379\n"
        "  db.example: {command: [db, -x], port: 5432, ready: /ready to.*/, within: 3s}\n");
    REQUIRE(profile.servers.size() == 2);
    CHECK(profile.servers[0].name == "redis");
    CHECK(profile.servers[0].command == Words{"/bin/sh", "-c", "redis-server --port 6379"});
    CHECK_FALSE(profile.servers[0].port);
    CHECK(profile.servers[0].within == std::chrono::seconds(10));
    CHECK(profile.servers[1].command == Words{"db", "-x"});
    CHECK(profile.servers[1].port == 5432);
    REQUIRE(profile.servers[1].ready);
    CHECK(profile.servers[1].ready->found_in("I am ready to serve"));
    CHECK(profile.servers[1].within == std::chrono::seconds(3));
    CHECK(holds(problems("servers: {5: x}\n"), "a server has a host's name"));
    CHECK(holds(problems("servers: {a: {port: 1}}\n"), "needs a `command`"));
    CHECK(holds(problems("servers: {a: {command: x, port: 0}}\n"), "from 1 to 65535"));
    CHECK(holds(problems("servers: {a: {command: x, ready: '/(/'}}\n"), "this expression is none"));
    CHECK(holds(problems("servers: [a]\n"), "`servers` takes a map of names"));
    CHECK(holds(problems("servers: {a: ''}\n"), "a server needs a command"));
}

TEST_CASE("a --server is a name, a port where it is known, and a line for the shell") {
    const auto server = setup::parse_server("redis=redis-server --save \"\" --port=1");
    REQUIRE(server.has_value());
    CHECK(server->name == "redis");
    CHECK(server->command == Words{"/bin/sh", "-c", "redis-server --save \"\" --port=1"});
    CHECK_FALSE(server->port);
    CHECK(setup::parse_server("db.example:5432=x")->port == 5432);
    for (const std::string wrong : {"redis", "redis=", "redis= ", "=x", "redis:0=x", "redis:x=x",
                                    "127.0.0.1=x", "7=x", "original=x", "a b=x"}) {
        const auto refused = setup::parse_server(wrong);
        REQUIRE_FALSE_MESSAGE(refused.has_value(), wrong);
        CHECK(holds(refused.error(), "--server needs NAME[:PORT]=COMMAND"));
    }
}

TEST_CASE("servers of a run have names and ports of their own, and relays name them") {
    const std::string relay = "service: {relay: redis}\n";
    CHECK(server_problem({"redis=x"}, relay).empty());
    CHECK(server_problem({}, relay + "servers: {redis: x}\n").empty());
    CHECK(server_problem({"redis=other"}, relay + "servers: {redis: x}\n").empty());
    CHECK(holds(server_problem({"db=x"}, relay), "there is db. Start it with --server 'redis="));
    CHECK(holds(server_problem({}, relay), ":2: `relay: redis` names a server of the run"));
    CHECK(holds(server_problem({"a=x", "a=y"}, relay), "two servers of the name a"));
    CHECK(holds(server_problem({"a:80=x", "b:80=y"}, ""),
                "both to listen on the port 80, and the servers of a run share one network"));
    CHECK(holds(server_problem({}, "service: {exec: [cat]}\n", true), "starts no programs"));
    CHECK(holds(server_problem({}, "servers: {a: x}\n", true), "starts no programs"));
}

TEST_CASE("--relay is a profile with another service") {
    const auto result =
        profile::load_text(setup::relaying_profile("synack-lost", "db.example:5432"), "--relay");
    REQUIRE_MESSAGE(result.profile, profile::to_string(result.errors));
    CHECK(std::get<profile::Relay>(result.profile->service).host == "db.example");
    CHECK_FALSE(result.profile->rules.empty());
}
