// The loopback link: which packets are the peer's, and why a port cannot be had.
#include "link/capture_filter.hpp"
#include "link/port_guard.hpp"

#include "ghostpeer/wire/codec.hpp"

#include <doctest/doctest.h>
#include <pcap/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>

using namespace ghostpeer;

namespace {

/// What libpcap's interpreter of such programs makes of it.
bool passes(const std::vector<sock_filter>& program, const wire::Bytes& packet) {
    wire::Bytes frame(14);
    const bool v6 = packet[0] >> 4 == 6;
    frame[12] = v6 ? 0x86 : 0x08;
    frame[13] = v6 ? 0xdd : 0x00;
    frame.insert(frame.end(), packet.begin(), packet.end());
    const auto size = static_cast<unsigned>(frame.size());
    static_assert(sizeof(bpf_insn) == sizeof(sock_filter));
    return bpf_filter(reinterpret_cast<const bpf_insn*>(program.data()), frame.data(), size,
                      size) != 0;
}

wire::Bytes segment(const char* from, std::uint16_t from_port, const char* to,
                    std::uint16_t to_port) {
    wire::Segment segment;
    segment.source = {*wire::IpAddress::parse(from), from_port};
    segment.destination = {*wire::IpAddress::parse(to), to_port};
    segment.flags.bits = wire::Flags::syn;
    segment.payload = {'x', 'y'};
    return wire::encode(segment);
}

wire::Endpoint at(const char* address, std::uint16_t port) {
    return {*wire::IpAddress::parse(address), port};
}

}  // namespace

TEST_CASE("loopback: the capture filter lets TCP to the peers' ports through") {
    const auto program = link::tcp_to_ports({8080, 443, 8081, 8080});
    for (const int number : {443, 8080, 8081}) {
        const auto port = static_cast<std::uint16_t>(number);
        CHECK(passes(program, segment("127.0.0.1", 40000, "127.0.0.1", port)));
        CHECK(passes(program, segment("::1", 40000, "::1", port)));
    }
    for (const int number : {0, 1, 442, 444, 8079, 8082, 40000, 65535}) {
        const auto port = static_cast<std::uint16_t>(number);
        CHECK_FALSE(passes(program, segment("127.0.0.1", 8080, "127.0.0.1", port)));
        CHECK_FALSE(passes(program, segment("::1", 8080, "::1", port)));
    }
}

TEST_CASE("loopback: the capture filter knows IPv4 options, fragments and other protocols") {
    const auto program = link::tcp_to_ports({8080});
    wire::Bytes packet = segment("127.0.0.1", 40000, "127.0.0.1", 8080);
    wire::Bytes with_options = packet;
    with_options[0] = 0x46;
    constexpr std::array<std::uint8_t, 4> no_operation{1, 1, 1, 1};
    with_options.resize(packet.size() + 4);
    std::copy(packet.begin() + 20, packet.end(),
              std::copy(no_operation.begin(), no_operation.end(), with_options.begin() + 20));
    CHECK(passes(program, with_options));

    wire::Bytes first_fragment = packet;
    first_fragment[6] = 0x20;
    CHECK(passes(program, first_fragment));
    wire::Bytes later_fragment = packet;
    later_fragment[7] = 1;
    CHECK_FALSE(passes(program, later_fragment));

    wire::Bytes udp = packet;
    udp[9] = 17;
    CHECK_FALSE(passes(program, udp));
    wire::Bytes udp6 = segment("::1", 40000, "::1", 8080);
    udp6[6] = 17;
    CHECK_FALSE(passes(program, udp6));
    packet.resize(22);
    CHECK_FALSE(passes(program, packet));
}

TEST_CASE("loopback: the capture filter takes many ports, and beyond that all") {
    std::vector<std::uint16_t> odd(120);
    std::iota(odd.begin(), odd.end(), std::uint16_t{0});
    for (std::uint16_t& port : odd) {
        port = static_cast<std::uint16_t>(1001 + 2 * port);
    }
    const auto at_most = link::tcp_to_ports(odd);
    CHECK(passes(at_most, segment("127.0.0.1", 9, "127.0.0.1", 1001)));
    CHECK(passes(at_most, segment("127.0.0.1", 9, "127.0.0.1", 1239)));
    CHECK_FALSE(passes(at_most, segment("127.0.0.1", 9, "127.0.0.1", 1002)));
    CHECK_FALSE(passes(at_most, segment("127.0.0.1", 9, "127.0.0.1", 1241)));
    odd.push_back(9999);
    const auto too_many = link::tcp_to_ports(odd);
    CHECK(passes(too_many, segment("127.0.0.1", 9, "127.0.0.1", 1002)));

    std::vector<std::uint16_t> run(4000);
    std::iota(run.begin(), run.end(), std::uint16_t{61000});
    const auto one_range = link::tcp_to_ports(run);
    CHECK(one_range.size() < 25);
    CHECK(passes(one_range, segment("::1", 9, "::1", 64999)));
    CHECK_FALSE(passes(one_range, segment("::1", 9, "::1", 65000)));
}

TEST_CASE("loopback: sockets that listen on a port") {
    const char* table =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout "
        "inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        "
        "0 "
        "4711 1 0000000000000000 100 0 0 10 0\n"
        "   1: 0100007F:1F90 0100007F:A000 01 00000000:00000000 00:00000000 00000000  1000        "
        "0 "
        "4712 1 0000000000000000 100 0 0 10 0\n"
        "   2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        "
        "0 "
        "4713 1 0000000000000000 100 0 0 10 0\n"
        "   3: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000  1000        0 4714 1 0000000000000000 100\n"
        "broken\n";
    CHECK(link::listening_inodes(table, 8080) == std::vector<std::string>{"4711", "4714"});
    CHECK(link::listening_inodes(table, 8081) == std::vector<std::string>{"4713"});
    CHECK(link::listening_inodes("", 8080).empty());
}

TEST_CASE("loopback: why a port cannot be guarded, and the way out") {
    const auto text = [](const wire::Endpoint& place, int code,
                         const std::vector<link::Owner>& owners = {}) {
        return link::guard_failure(place, code, owners).message;
    };
    CHECK(text(at("127.0.0.1", 8080), EADDRINUSE, {{4711, "nginx"}}) ==
          "The peer cannot have 127.0.0.1:8080: nginx (process 4711) listens there. Give the peer "
          "another port, or end what has this one.");
    CHECK(text(at("::1", 80), EADDRINUSE, {{1, "a"}, {2, "b"}}) ==
          "The peer cannot have [::1]:80: a (process 1), b (process 2) listen there. Give the peer "
          "another port, or end what has this one.");
    CHECK(text(at("127.0.0.1", 8080), EADDRINUSE) ==
          "The peer cannot have 127.0.0.1:8080: another process listens there or has the port "
          "(`ss -tlnp` as root names it). Give the peer another port, or end what has this one.");
    CHECK(text(at("198.18.0.2", 80), EADDRNOTAVAIL) ==
          "The peer cannot have 198.18.0.2:80: the address is none of this host's, and over --link "
          "loopback a peer can only be where its kernel is. Use one of 127.0.0.0/8 or ::1, or "
          "--link tun or ethernet, where any address may be a peer's.");
    CHECK(text(at("127.0.0.1", 80), EACCES) ==
          "The peer cannot have 127.0.0.1:80: ports below net.ipv4.ip_unprivileged_port_start need "
          "CAP_NET_BIND_SERVICE, which this process does not have. Give the peer a port from 1024 "
          "on, or run with that capability.");
    CHECK(text(at("127.0.0.1", 8080), EPERM) ==
          "The peer cannot have 127.0.0.1:8080: to keep the kernel silent at a port of this host "
          "needs CAP_NET_RAW in its network namespace, which this process does not have. Run "
          "ghostpeer as root or with that capability (`setcap cap_net_raw+ep`), or let `ghostpeer "
          "run --link loopback` make a private network, which needs no privilege.");
    CHECK(link::guard_failure(at("::1", 80), EAFNOSUPPORT, {}).code == EAFNOSUPPORT);
}
