// Which ports are listened on.
#include "servers/listening.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace ghostpeer;

TEST_CASE("ports that are listened on stand in the kernel's tables") {
    std::istringstream v4(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0\n"
        "   1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0\n"
        "   2: broken\n"
        "   3: 00000000:zz 00000000:0000 0A 0\n");
    std::istringstream v6(
        "  sl  local_address\n"
        "   0: 00000000000000000000000000000000:18EB 00000000000000000000000000000000:0000 0A 0\n"
        "   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0\n");
    servers::ListeningPorts ports;
    servers::read_listening_ports(v4, false, ports);
    servers::read_listening_ports(v6, true, ports);
    REQUIRE(ports.size() == 2);
    CHECK_FALSE(ports.at(6379));
    CHECK(ports.at(80));
}
