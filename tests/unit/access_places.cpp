// Names and addresses of peers that come while a run goes on.
#include "access/peer_places.hpp"
#include "packets/packets.hpp"
#include "support/peer_harness.hpp"

#include <string>

using namespace ghostpeer;
using namespace ghostpeer::testing;

namespace {

/// COMMAND's network, with the names that `--peer` gave.
struct Network {
    World world{""};
    servers::NameServer names{world.engine, packets::library(), {}, 1500};
    setup::Peers peers;
    std::optional<access::PeerPlaces> places;

    Network() {
        peer::PeerSpec first;
        first.addresses = {*wire::IpAddress::parse("198.19.0.1")};
        peers.specs.push_back(first);
        peers.addresses_by_name["db.example"] = first.addresses;
        places.emplace(peers, setup::Family::ipv4, &names, std::vector<wire::IpAddress>{});
    }
    std::string take(const std::string& name, const char* address = nullptr) {
        const auto taken = places->take(place(name, address));
        return taken ? taken->front().to_string() : "";
    }
    void give_back(const std::string& name, const char* address = nullptr) {
        places->give_back(place(name, address));
    }
    static control::WantedPlace place(const std::string& name, const char* address) {
        return {name, address != nullptr ? wire::IpAddress::parse(address) : std::nullopt};
    }
};

}  // namespace

TEST_CASE("a name keeps its address, however it is written and however often it is taken") {
    Network network;
    const std::string first = network.take("api.example");
    CHECK(first == "198.19.0.2");  // --peer has the one before
    CHECK(network.take("API.Example.") == first);
    network.give_back("api.example");
    network.give_back("Api.example.");
    CHECK(network.take("other.example") == "198.19.0.3");
    CHECK(network.take("api.example") == first);
    CHECK(network.take("DB.example.") == "198.19.0.1");
    CHECK(network.take("no name").empty());
}

TEST_CASE("an address is taken for as long as one of its peers is there") {
    Network network;
    CHECK(network.take("", "198.19.0.3") == "198.19.0.3");
    CHECK(network.take("", "198.19.0.3") == "198.19.0.3");
    network.give_back("", "198.19.0.3");
    CHECK(network.take("") == "198.19.0.2");
    CHECK(network.take("") == "198.19.0.4");
    CHECK(network.take("", "198.18.0.1").empty());
}

TEST_CASE("so many names a run can have, and the old ones again") {
    Network network;
    std::size_t names = 0;
    while (!network.take("n" + std::to_string(names)).empty()) {
        ++names;
        REQUIRE(names <= 60'000);
    }
    CHECK(names == 59'999);  // one address is `--peer`'s
    CHECK(network.take("n7") == "198.19.0.9");
    CHECK(network.take("").empty());
}
