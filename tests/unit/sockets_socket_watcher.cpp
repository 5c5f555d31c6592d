#include "show_samples.hpp"
#include "sockets/abort_counter.hpp"
#include "sockets/socket_watcher.hpp"
#include "support/sock_diag.hpp"

#include <doctest/doctest.h>

#include <linux/tcp.h>
#include <sys/mman.h>
#include <cerrno>

using namespace ghostpeer;
using namespace ghostpeer::sockets;
using namespace ghostpeer::show::test;

namespace {

class Kernel : public ghostpeer::testing::SockDiag {
  public:
    explicit Kernel(std::size_t max_sockets = 1000, FileDescriptor netstat = {})
        : watcher_(far_end(), std::move(netstat), max_sockets) {}

    SocketWatcher& watcher() { return watcher_; }

    /// The family that was asked for; 0: no question.
    int question() {
        const auto request = SockDiag::question();
        CHECK((request.idiag_states & (1U << 10)) == 0);
        return request.sdiag_family;
    }
    void socket(const inet_diag_msg& message) {
        answer(SOCK_DIAG_BY_FAMILY, &message, sizeof message);
    }
    std::vector<event::Socket> read() {
        std::vector<event::Socket> changes;
        watcher_.read(at(0s), changes);
        return changes;
    }
    /// There is no IPv4 socket, and the second question has been asked.
    void comes_to_ipv6() {
        watcher_.request(at(0s));
        CHECK(question() == AF_INET);
        done();
        CHECK(read().empty());
        CHECK(question() == AF_INET6);
    }
    /// One whole round in which these IPv4 sockets are there.
    std::vector<event::Socket> round(const std::vector<inet_diag_msg>& sockets) {
        watcher_.request(at(0s));
        CHECK(question() == AF_INET);
        std::vector<event::Socket> changes;
        for (const auto& message : sockets) {
            socket(message);
            watcher_.read(at(0s), changes);
        }
        done();
        watcher_.read(at(0s), changes);
        CHECK(question() == AF_INET6);
        done();
        watcher_.read(at(0s), changes);
        return changes;
    }

  private:
    SocketWatcher watcher_;
};

inet_diag_msg established(std::uint16_t port = 40404) {
    inet_diag_msg message{};
    message.idiag_family = AF_INET;
    message.idiag_state = 1;
    message.idiag_timer = 2;
    message.idiag_retrans = 1;
    message.idiag_expires = 2900;
    message.id.idiag_src[0] = htonl(0xc6120001);
    message.id.idiag_dst[0] = htonl(0xc6120002);
    message.id.idiag_sport = htons(port);
    message.id.idiag_dport = htons(80);
    message.idiag_rqueue = 11;
    message.idiag_wqueue = 12;
    return message;
}

}  // namespace

TEST_CASE("socket watcher: a new socket, as ss shows it") {
    Kernel kernel;
    const auto changes = kernel.round({established()});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].src.to_string() == "198.18.0.1:40404");
    CHECK(changes[0].dst.to_string() == "198.18.0.2:80");
    CHECK(changes[0].state == "ESTAB");
    CHECK(changes[0].timer == event::SocketTimer::keepalive);
    CHECK(changes[0].expires == 2900ms);
    CHECK(changes[0].retries == 1);
    CHECK(changes[0].recv_q == 11);
    CHECK(changes[0].send_q == 12);
    CHECK_FALSE(kernel.watcher().take_notice());
}

TEST_CASE("socket watcher: sockets that the kernel gave up are counted") {
    FileDescriptor netstat(::memfd_create("netstat", MFD_CLOEXEC));
    const auto write_count = [fd = netstat.get()](int count) {
        const auto text =
            "TcpExt: SyncookiesSent TCPAbortOnTimeout\nTcpExt: 5 " + std::to_string(count) + "\n";
        CHECK(::ftruncate(fd, 0) == 0);
        CHECK(::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    };
    write_count(2);
    Kernel kernel(1000, std::move(netstat));
    CHECK(kernel.watcher().counts_aborts());
    const auto first = kernel.round({established(), established(40405)});
    REQUIRE(first.size() == 2);
    CHECK(first[0].aborts == 2);
    write_count(3);
    const auto second = kernel.round({established(40405)});
    REQUIRE(second.size() == 1);
    CHECK(second[0].state == event::gone);
    CHECK(second[0].aborts_before == 2);
    CHECK(second[0].aborts == 3);
    // Gone before the next look, but after the count had changed.
    write_count(4);
    const auto third = kernel.round({});
    REQUIRE(third.size() == 1);
    CHECK(third[0].aborts_before == 3);
    CHECK(third[0].aborts == 4);
}

TEST_CASE("socket watcher: a socket that the kernel has freed") {
    struct {
        inet_diag_msg message;
        nlattr protocol{5, INET_DIAG_PROTOCOL};
        std::array<char, 4> tcp{6};
        nlattr info{sizeof(nlattr) + sizeof(tcp_info), INET_DIAG_INFO};
        std::array<std::uint8_t, sizeof(tcp_info)> facts{};
    } notice{established()};
    notice.message.idiag_state = 7;
    const auto told = [&] {
        Kernel kernel;
        kernel.answer(SOCK_DIAG_BY_FAMILY, &notice, sizeof notice);
        const auto changes = kernel.read();
        REQUIRE(changes.size() == 1);
        CHECK(changes[0].state == event::destroyed);
        CHECK(changes[0].src.to_string() == "198.18.0.1:40404");
        CHECK(changes[0].dst.to_string() == "198.18.0.2:80");
        CHECK_FALSE(changes[0].aborts);
        return changes[0].retried;
    };
    CHECK_FALSE(told());
    constexpr std::size_t retransmits = 2;  // struct tcp_info
    constexpr std::size_t probes = 3;
    notice.facts.at(retransmits) = 3;
    CHECK(told());
    notice.facts.at(retransmits) = 0;
    notice.facts.at(probes) = 1;
    CHECK(told());
    notice.info.nla_len = 4000;  // longer than the message: as if it were not there
    notice.facts.at(probes) = 0;
    CHECK(told());
}

TEST_CASE("the count of sockets that were given up, in the kernel's table") {
    CHECK(find_aborts("TcpExt: A TCPAbortOnTimeout B\nTcpExt: 1 17 2\nIpExt: C\nIpExt: 3\n") == 17);
    CHECK(find_aborts("IpExt: C\nIpExt: 3\nTcpExt: TCPAbortOnTimeout\nTcpExt: 0\n") == 0);
    for (const auto* odd :
         {"", "TcpExt:", "TcpExt: TCPAbortOnTimeout", "TcpExt: A TCPAbortOnTimeout\nTcpExt: 1\n",
          "TcpExt: TCPAbortOnTimeout\nTcpExt: x\n", "TcpExt: TCPAbortOnTimeoutX\nTcpExt: 1\n"}) {
        CHECK_FALSE(find_aborts(odd));
    }
    AbortCounter nothing{FileDescriptor{}};
    CHECK_FALSE(nothing.active());
    CHECK_FALSE(nothing.read());
}

TEST_CASE("socket watcher: only changes are told, and time running down is none") {
    Kernel kernel;
    auto socket = established();
    CHECK(kernel.round({socket}).size() == 1);
    socket.idiag_expires = 1000;
    CHECK(kernel.round({socket}).empty());
    socket.idiag_retrans = 2;
    CHECK(kernel.round({socket}).size() == 1);
    socket.idiag_rqueue = 0;
    CHECK(kernel.round({socket}).size() == 1);
    socket.idiag_wqueue = 0;
    CHECK(kernel.round({socket}).size() == 1);
    socket.idiag_timer = 0;
    CHECK(kernel.round({socket}).size() == 1);
    socket.idiag_state = 8;
    CHECK(kernel.round({socket}).front().state == "CLOSE-WAIT");
    CHECK(kernel.round({socket}).empty());
}

TEST_CASE("socket watcher: a socket that is listed no more is gone, once") {
    Kernel kernel;
    CHECK(kernel.round({established(1), established(2)}).size() == 2);
    const auto changes = kernel.round({established(2)});
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].state == event::gone);
    CHECK(changes[0].src.port == 1);
    CHECK(kernel.round({established(2)}).empty());
}

TEST_CASE("socket watcher: an IPv6 socket, and an IPv4 address in one") {
    Kernel kernel;
    kernel.comes_to_ipv6();
    auto socket = established();
    socket.idiag_family = AF_INET6;
    const auto v6 = wire::IpAddress::parse("2001:2::1")->bytes();
    const auto mapped = wire::IpAddress::parse("198.18.0.2")->bytes();
    std::memcpy(socket.id.idiag_src, v6.data(), v6.size());
    std::memcpy(socket.id.idiag_dst, mapped.data(), mapped.size());
    kernel.socket(socket);
    const auto changes = kernel.read();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].src.to_string() == "[2001:2::1]:40404");
    CHECK(changes[0].dst.to_string() == "198.18.0.2:80");
}

TEST_CASE("socket watcher: one question at a time") {
    Kernel kernel;
    kernel.watcher().request(at(0s));
    kernel.watcher().request(at(1s));
    CHECK(kernel.question() == AF_INET);
    CHECK(kernel.question() == 0);
}

TEST_CASE("socket watcher: the number of sockets is bounded, and said to be") {
    Kernel kernel(2);
    CHECK(kernel.round({established(1), established(2), established(3)}).size() == 2);
    CHECK(kernel.watcher().take_notice() ==
          "Of the program's sockets only 2 at a time are watched. The others do not show.");
    CHECK(kernel.round({established(1), established(2), established(3)}).empty());
    CHECK_FALSE(kernel.watcher().take_notice());
    CHECK(kernel.round({established(2), established(3)}).size() == 1);
    CHECK(kernel.round({established(2), established(3)}).size() == 1);
}

TEST_CASE("socket watcher: a kernel that refuses ends the watching with a reason") {
    Kernel kernel;
    kernel.watcher().request(at(0s));
    CHECK(kernel.question() == AF_INET);
    kernel.error(ENOENT);
    CHECK(kernel.read().empty());
    CHECK(kernel.watcher().take_notice() ==
          "The program's sockets are not watched any more, because the kernel did not answer: No "
          "such file or directory.");
    kernel.watcher().request(at(1s));
    CHECK(kernel.question() == 0);
}

TEST_CASE("socket watcher: a kernel without IPv6 is none that refuses") {
    Kernel kernel;
    kernel.comes_to_ipv6();
    kernel.error(ENOENT);
    CHECK(kernel.read().empty());
    CHECK_FALSE(kernel.watcher().take_notice());
    kernel.watcher().request(at(1s));
    CHECK(kernel.question() == AF_INET);
}

TEST_CASE("socket watcher: a busy kernel is asked again") {
    Kernel kernel;
    kernel.watcher().request(at(0s));
    CHECK(kernel.question() == AF_INET);
    kernel.error(EBUSY);
    CHECK(kernel.read().empty());
    CHECK_FALSE(kernel.watcher().take_notice());
    CHECK(kernel.round({established()}).size() == 1);
}

TEST_CASE("socket watcher: short and senseless answers do no harm") {
    Kernel kernel;
    kernel.watcher().request(at(0s));
    CHECK(kernel.question() == AF_INET);
    const std::array<char, 40> noise{'\xff', '\xff', '\xff', '\xff', 1};
    kernel.raw(noise.data(), 3);
    kernel.raw(noise.data(), noise.size());
    kernel.answer(SOCK_DIAG_BY_FAMILY, noise.data(), 4);
    auto unknown = established();
    unknown.idiag_state = 200;
    unknown.idiag_timer = 200;
    kernel.socket(unknown);
    auto other_family = established(2);
    other_family.idiag_family = AF_UNIX;
    kernel.socket(other_family);
    const auto changes = kernel.read();
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].state == "UNKNOWN");
    CHECK(changes[0].timer == event::SocketTimer::none);
}
