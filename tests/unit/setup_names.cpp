// `--peer` with several addresses, and `--dns`, as they are written.
#include <doctest/doctest.h>

#include "setup/dns_option.hpp"
#include "setup/peer_option.hpp"
#include "setup/peers.hpp"

#include <string>
#include <vector>

using namespace ghostpeer;

namespace {

/// `PROFILE@ADDRESS`, one after the other.
std::string parts(const std::string& text) {
    const auto options = setup::parse_peers(text);
    if (!options) {
        return options.error();
    }
    std::string all;
    for (const auto& option : *options) {
        all += (all.empty() ? "" : " ") + option.profile;
        if (option.address) {
            all += "@" + option.address->to_string();
        } else if (option.family) {
            all += *option.family == setup::Family::ipv4 ? "@4" : "@6";
        }
    }
    return all;
}

tl::expected<setup::Peers, std::string> resolve(const std::vector<std::string>& peers,
                                                const std::vector<std::string>& dns = {},
                                                setup::Family family = setup::Family::ipv4) {
    setup::CommonOptions options;
    options.peers = peers;
    options.dns = dns;
    options.family = family;
    return setup::resolve_peers(options);
}

/// `PROFILE ADDRESS…` of each peer in the order in which they are tried.
std::vector<std::string> places(const std::vector<std::string>& peers,
                                setup::Family family = setup::Family::ipv4) {
    const auto resolved = resolve(peers, {}, family);
    REQUIRE_MESSAGE(resolved, resolved.error());
    std::vector<std::string> all;
    for (const auto& spec : resolved->specs) {
        if (spec.profile->name == "name-server") {
            continue;
        }
        std::string one = spec.profile->name;
        for (const auto& address : spec.addresses) {
            one += " " + address.to_string();
        }
        all.push_back(one);
    }
    return all;
}

std::string dns_error(const std::vector<std::string>& texts) {
    const auto options = setup::parse_dns(texts);
    return options ? "" : options.error();
}

}  // namespace

TEST_CASE("a name's profiles are a list, or one") {
    CHECK(parts("a=refuse") == "refuse");
    CHECK(parts("a=[refuse, healthy]") == "refuse healthy");
    CHECK(parts("a:80=refuse@192.0.2.1,healthy@2001:db8::1") ==
          "refuse@192.0.2.1 healthy@2001:db8::1");
    CHECK(parts("a=[refuse@ipv6, healthy@ipv4]") == "refuse@6 healthy@4");
    CHECK(parts("a=refuse@192.0.2.1") == "refuse@192.0.2.1");
    // A file may be called so.
    CHECK(parts("a=./x,y.yaml") == "./x,y.yaml");
    CHECK(parts("a=./me@home.yaml") == "./me@home.yaml");
    CHECK(parts("192.0.2.1=[refuse, healthy]").find("only a name") != std::string::npos);
    CHECK(parts(":80=[refuse, healthy]").find("only a name") != std::string::npos);
    CHECK(parts("a=[refuse, ]").find("no profile") != std::string::npos);
}

TEST_CASE("each profile of a name has an address of its own, in the order written") {
    CHECK(places({"a=[refuse, healthy]"}) ==
          std::vector<std::string>{"refuse 198.18.0.2", "healthy 198.18.0.3"});
    CHECK(places({"a=[refuse, healthy]"}, setup::Family::both) ==
          std::vector<std::string>{"refuse 198.18.0.2 2001:2::2", "healthy 198.18.0.3 2001:2::3"});
    CHECK(places({"a=[refuse@ipv6, healthy@ipv4]", "b=refuse"}) ==
          std::vector<std::string>{"refuse 2001:2::2", "healthy 198.18.0.3", "refuse 198.18.0.4"});
    // Another port of the same name: the same places.
    CHECK(places({"a:80=[refuse, healthy]", "a:81=[healthy, refuse]", "a=healthy"}) ==
          std::vector<std::string>{"refuse 198.18.0.2", "healthy 198.18.0.3", "healthy 198.18.0.2",
                                   "refuse 198.18.0.3", "healthy 198.18.0.2 198.18.0.3"});
    const auto resolved = resolve({"a=healthy@192.0.2.9,refuse@2001:db8::1,refuse@192.0.2.1"});
    REQUIRE(resolved);
    REQUIRE(resolved->names.size() == 1);
    CHECK(resolved->names[0].addresses ==
          std::vector<std::string>{"192.0.2.9", "2001:db8::1", "192.0.2.1"});
    CHECK(resolved->address == "192.0.2.9");
    CHECK(resolved->address6 == "2001:2::2");
}

TEST_CASE("specific before general, and two for one place are an error that names both") {
    CHECK(places({"=healthy", ":80=refuse", "a=healthy", "a:80=refuse"}) ==
          std::vector<std::string>{"refuse 198.18.0.2", "healthy 198.18.0.2", "refuse", "healthy"});
    const auto twice = resolve({"a=refuse@192.0.2.1,healthy@192.0.2.1"});
    REQUIRE_FALSE(twice);
    CHECK(twice.error().find("names 192.0.2.1 twice") != std::string::npos);
    const auto both = resolve({"a=refuse@192.0.2.1", "b=healthy@192.0.2.1"});
    REQUIRE_FALSE(both);
    CHECK(both.error().find("a=refuse@192.0.2.1 and --peer b=healthy@192.0.2.1") !=
          std::string::npos);
}

TEST_CASE("answers of the name server are read, the more special first") {
    const auto options = setup::parse_dns({"*=late 5s", "DB.example.=lose 2, late 1s, 192.0.2.7",
                                           "db.example/AAAA=servfail", "db.example/udp=truncate"});
    REQUIRE_MESSAGE(options, options.error());
    REQUIRE(options->size() == 4);
    CHECK((*options)[0].outcome == wire::DnsOutcome::server_failure);
    CHECK((*options)[0].type == wire::dns_type_aaaa);
    CHECK((*options)[1].truncate);
    CHECK((*options)[1].over_tcp == false);
    CHECK((*options)[2].name == "db.example");
    CHECK((*options)[2].lose == 2);
    CHECK((*options)[2].late == std::chrono::seconds(1));
    CHECK((*options)[2].addresses.size() == 1);
    CHECK((*options)[3].name.empty());
}

TEST_CASE("what no name server can answer is refused") {
    for (const char* text :
         {"", "db", "db=", "=late 5s", "db=late", "db=late x", "db=lose 0", "db=lose x",
          "db=nonsense", "db=servfail now", "db/MX=late 1s", "db/tcp=truncate",
          "db=servfail, 192.0.2.1", "db/AAAA=192.0.2.1", "d b=late 1s"}) {
        CHECK_MESSAGE(!dns_error({text}).empty(), text);
    }
    const std::string both = dns_error({"db=late 1s", "DB=servfail"});
    CHECK(both.find("'db=late 1s' and --dns 'DB=servfail'") != std::string::npos);
    CHECK(dns_error({"db/A=late 1s", "db/AAAA=servfail"}).empty());
}
