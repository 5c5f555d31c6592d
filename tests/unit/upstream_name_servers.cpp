// Which name servers the host asks.
#include "upstream/forwarder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ghostpeer;

namespace {

std::string servers_of(std::string_view resolv_conf) {
    std::string text;
    for (const auto& server : upstream::parse_name_servers(resolv_conf)) {
        text += (text.empty() ? "" : " ") + server.to_string();
    }
    return text;
}

}  // namespace

TEST_CASE("name servers are read as the C library reads them") {
    CHECK(servers_of("nameserver 9.9.9.9\n") == "9.9.9.9:53");
    CHECK(servers_of("# nameserver 1.1.1.1\nsearch x\nnameserver\t127.0.0.53 ; stub\r\n"
                     "nameserver 2620:fe::fe") == "127.0.0.53:53 [2620:fe::fe]:53");
    SUBCASE("three at most") {
        CHECK(servers_of("nameserver 1.0.0.1\nnameserver 1.0.0.2\nnameserver 1.0.0.3\n"
                         "nameserver 1.0.0.4\n") == "1.0.0.1:53 1.0.0.2:53 1.0.0.3:53");
    }
    SUBCASE("what is none is passed over; without any it is this machine") {
        CHECK(servers_of("") == "127.0.0.1:53");
        CHECK(servers_of("nameserver\nnameserver \nnameservers 1.1.1.1\nnameserver x.example\n") ==
              "127.0.0.1:53");
    }
}
