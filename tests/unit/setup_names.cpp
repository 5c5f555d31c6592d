// `--peer` with several addresses.
#include <doctest/doctest.h>

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
                                                setup::Family family = setup::Family::ipv4) {
    setup::CommonOptions options;
    options.peers = peers;
    options.family = family;
    return setup::resolve_peers(options);
}

/// `PROFILE ADDRESS…` of each peer in the order in which they are tried.
std::vector<std::string> places(const std::vector<std::string>& peers,
                                setup::Family family = setup::Family::ipv4) {
    const auto resolved = resolve(peers, family);
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
