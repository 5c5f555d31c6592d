// The run's name server, as `--dns` has it answer.
#include "packets/packets.hpp"
#include "servers/name_server.hpp"
#include "support/peer_harness.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

const wire::Endpoint asker{wire::IpAddress::v4(0xc6120001), 5353};
const wire::Endpoint server{wire::IpAddress::v4(0xc6120002), 53};

peer::Settings with_names() {
    peer::Settings settings = test_settings();
    settings.name_server = true;
    return settings;
}

wire::Bytes question(std::string_view name, std::uint16_t type) {
    wire::Bytes message{0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    while (!name.empty()) {
        const std::size_t dot = std::min(name.find('.'), name.size());
        message.push_back(static_cast<std::uint8_t>(dot));
        message.insert(message.end(), name.begin(), name.begin() + static_cast<long>(dot));
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    for (const int byte : {0, 0, static_cast<int>(type), 0, 1}) {
        message.push_back(static_cast<std::uint8_t>(byte));
    }
    return message;
}

/// A program that asks by UDP.
struct Names {
    explicit Names(const std::vector<std::string>& dns, std::size_t addresses = 1)
        : world("", with_names()),
          dns_server(world.engine, packets::library(), {known(addresses), false, faults(dns)},
                     1500) {}

    static setup::AddressesByName known(std::size_t addresses) {
        setup::AddressesByName names;
        for (std::size_t i = 0; i < addresses; ++i) {
            names["db.example"].push_back(
                wire::IpAddress::v4(0xc6120100 + static_cast<std::uint32_t>(i)));
        }
        return names;
    }
    static std::vector<setup::DnsOption> faults(const std::vector<std::string>& dns) {
        const auto options = setup::parse_dns(dns);
        REQUIRE_MESSAGE(options, options.error());
        return *options;
    }

    /// The code in the header of the answer, -1 where there is none.
    int ask(std::uint16_t type = wire::dns_type_a, std::string_view name = "db.example") {
        world.arrives(packets::encode(wire::Datagram{asker, server, question(name, type)}));
        dns_server.carry_out(world.now);
        return heard();
    }
    int heard() {
        world.pass(Duration::zero());
        const auto& packets = world.other_packets();
        if (packets.size() == seen) {
            return -1;
        }
        seen = packets.size();
        const auto datagram = packets::decode_datagram(packets.back());
        REQUIRE(datagram);
        REQUIRE(datagram->payload.size() >= 12);
        answers = datagram->payload[7];
        truncated = (datagram->payload[2] & 2U) != 0;
        return datagram->payload[3] & 15;
    }

    World world;
    servers::NameServer dns_server;
    std::size_t seen = 0;
    int answers = 0;
    bool truncated = false;
};

}  // namespace

TEST_CASE("without a fault a name has its addresses, and others are unknown") {
    Names names({});
    CHECK(names.ask() == 0);
    CHECK(names.answers == 1);
    CHECK(names.ask(wire::dns_type_aaaa) == 0);
    CHECK(names.answers == 0);
    CHECK(names.ask(wire::dns_type_a, "x.example") == 3);
}

TEST_CASE("questions are lost, answered late, and with errors") {
    Names names({"db.example/A=lose 2, late 5s", "db.example/AAAA=servfail", "no.example=nxdomain",
                 "*=refused"});
    CHECK(names.ask() == -1);
    CHECK(names.ask() == -1);
    CHECK(names.ask() == -1);
    CHECK(names.dns_server.next_deadline() == run_start + 5s);
    names.world.pass(4'999ms);
    CHECK_FALSE(names.dns_server.handle(names.world.now));
    names.world.pass(1ms);
    CHECK(names.dns_server.handle(names.world.now));
    CHECK(names.heard() == 0);
    CHECK(names.answers == 1);
    CHECK_FALSE(names.dns_server.next_deadline());
    CHECK(names.ask(wire::dns_type_aaaa) == 2);
    CHECK(names.ask(wire::dns_type_a, "no.example") == 3);
    CHECK(names.ask(wire::dns_type_a, "any.example") == 5);
    const auto notices = names.dns_server.take_notices();
    REQUIRE(notices.size() == 6);
    CHECK(notices[0].text ==
          "The name \"db.example\" was asked for (A, UDP): the question is lost.");
    CHECK(notices[2].text ==
          "The name \"db.example\" was asked for (A, UDP): the answer is 5 s late.");
    CHECK(notices[3].text ==
          "The name \"db.example\" was asked for (AAAA, UDP): the answer is SERVFAIL.");
}

TEST_CASE("answers are truncated, or the addresses that are given, in their order") {
    Names names({"db.example=truncate", "many.example=192.0.2.9, 2001:db8::1, 192.0.2.7"});
    CHECK(names.ask() == 0);
    CHECK(names.truncated);
    CHECK(names.answers == 0);
    CHECK(names.ask(wire::dns_type_a, "many.example") == 0);
    CHECK(names.answers == 2);
    CHECK(names.dns_server.take_notices().back().text ==
          "The name \"many.example\" was asked for (A, UDP): the answer is 192.0.2.9, 192.0.2.7.");
    CHECK(names.ask(wire::dns_type_aaaa, "many.example") == 0);
    CHECK(names.answers == 1);
}

TEST_CASE("what a datagram does not carry is asked for again over TCP") {
    Names names({}, 200);
    CHECK(names.ask() == 0);
    CHECK(names.truncated);
}

TEST_CASE("late answers do not pile up without end") {
    Names names({"*=late 1h"});
    for (int i = 0; i < 1'500; ++i) {
        static_cast<void>(names.ask());
    }
    names.world.pass(2h);
    CHECK(names.dns_server.handle(names.world.now));
    names.world.pass(0s);
    CHECK(names.world.other_packets().size() == 1'000);
}
