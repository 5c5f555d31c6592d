// Which name servers the host asks.
#include "upstream/forwarder.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
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

TEST_CASE("a question whose answer nobody would hear of is over at once") {
    // Where no more files may be open there is nothing that watches.
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    REQUIRE(next >= 0);
    ::close(next);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    upstream::Forwarder forwarder({{wire::IpAddress::v4(0x7f000001), 9}});
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE(forwarder.fd() < 0);
    const std::vector<std::uint8_t> question(20);
    for (const bool stream : {false, true}) {
        forwarder.ask(4711, question, stream, run_start);
        const auto answers = forwarder.take();
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].token == 4711);
        CHECK(answers[0].message.empty());
        CHECK_FALSE(forwarder.next_deadline());
    }
}
