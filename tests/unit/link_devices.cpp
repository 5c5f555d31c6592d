// The links against this machine's kernel, in a network namespace of a child process of their own.
#include "ghostpeer/wire/codec.hpp"
#include "link/ethernet.hpp"
#include "link/loopback.hpp"
#include "link/tun.hpp"
#include "posix/socket_address.hpp"
#include "support/readable.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cerrno>
#include <functional>
#include <string>

using namespace ghostpeer;
using namespace ghostpeer::link;

namespace {

constexpr int skipped = 77;

/// Runs `body` in a child process with a network namespace of its own; the child's exit status.
int in_namespace(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        const bool own =
            ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
        ::_exit(own ? body() : skipped);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) {
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool set_up(const std::string& name) {
    const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    const auto set = [&](unsigned long what, std::uint32_t number) {
        auto& address = reinterpret_cast<sockaddr_in&>(request.ifr_addr);
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(number);
        return ::ioctl(socket.get(), what, &request) == 0;
    };
    if (!set(SIOCSIFADDR, 0xc6120001) || !set(SIOCSIFDSTADDR, 0xc6120002)) {
        return false;
    }
    request.ifr_flags = IFF_UP;
    return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// With 127.0.0.1 and ::1, which it has by itself.
bool set_up_loopback() {
    const FileDescriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::string("lo").copy(request.ifr_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_UP;
    return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// The first segment that comes within a second.
std::optional<wire::Segment> next_segment(Link& link) {
    PacketBatch batch;
    for (;;) {
        if (!test::is_readable(link.poll_fd(), 1000)) {
            return std::nullopt;
        }
        batch.clear();
        const auto kind = link.receive(batch).kind;
        if (kind == ReceiveStatus::Kind::closed || kind == ReceiveStatus::Kind::failed) {
            return std::nullopt;
        }
        for (std::size_t i = 0; i < batch.size(); ++i) {
            const auto decoded = wire::decode(batch[i]);
            if (const auto* segment = std::get_if<wire::Segment>(&decoded)) {
                return *segment;
            }
        }
    }
}

/// What connect() says once the peer has answered the SYN with RST, or a number of this file.
int refuse_a_connection(Link& link, const char* address = "198.18.0.2", std::uint16_t mss = 1460) {
    const SocketAddress peer = socket_address({*wire::IpAddress::parse(address), 80});
    const FileDescriptor client(
        ::socket(peer.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(client.get(), peer.get(), peer.length) == 0 || errno != EINPROGRESS) {
        return 5;  // somebody else has answered
    }
    const auto syn = next_segment(link);
    if (!syn || !syn->has(wire::Flags::syn) || syn->options.mss != mss) {
        return 1;
    }
    wire::Segment rst;
    rst.source = syn->destination;
    rst.destination = syn->source;
    rst.ack = syn->seq + 1;
    rst.flags.bits = wire::Flags::rst | wire::Flags::ack;
    if (!link.send(wire::encode(rst))) {
        return 2;
    }
    PacketBatch heard;
    if (link.receive(heard).kind == ReceiveStatus::Kind::failed || !heard.empty()) {
        return 4;  // itself
    }
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

}  // namespace

TEST_CASE("link: a kernel socket is refused through a TUN device") {
    const int status = in_namespace([] {
        auto tun = open_tun_device("ghost0");
        if (!tun || !set_up("ghost0")) {
            return skipped;
        }
        const auto link = make_tun_link(std::move(*tun), 1500);
        return link->describe() == "TUN device ghost0, MTU 1500" ? refuse_a_connection(*link) : 3;
    });
    if (status == skipped) {
        MESSAGE("skipped: no network namespace or no TUN device can be made here");
        return;
    }
    CHECK(status == ECONNREFUSED);
}

TEST_CASE("link: what a TUN link cannot send is an error") {
    const int status = in_namespace([] {
        auto tun = open_tun_device("ghost0");
        if (!tun) {
            return skipped;
        }
        const auto link = make_tun_link(std::move(*tun), 1500);
        wire::Segment segment;
        segment.source.address = segment.destination.address = wire::IpAddress::v4(1);
        const auto errno_of = [&](const wire::Bytes& packet) {
            const auto sent = link->send(packet);
            return sent ? 0 : sent.error();
        };
        const bool down = errno_of(wire::encode(segment)) == EIO;
        if (!set_up("ghost0")) {
            return skipped;
        }
        segment.payload.resize(1460);
        const bool fits = errno_of(wire::encode(segment)) == 0;
        segment.payload.resize(1461);
        const bool too_large = errno_of(wire::encode(segment)) == EMSGSIZE;
        const bool no_ip = errno_of(wire::Bytes(40, 0xff)) == EINVAL && errno_of({}) == EINVAL;
        return (down ? 1 : 0) + (fits ? 2 : 0) + (too_large ? 4 : 0) + (no_ip ? 8 : 0);
    });
    if (status == skipped) {
        MESSAGE("skipped: no network namespace or no TUN device can be made here");
        return;
    }
    CHECK(status == 15);
}

TEST_CASE("link: errors say what to do") {
    const auto socket = open_packet_socket("no-such-if");
    REQUIRE_FALSE(socket);
    CHECK(socket.error().code == ENODEV);
    CHECK(socket.error().message ==
          "The packet socket on no-such-if cannot be opened: there is no interface of that name.");

    const int status = in_namespace([] {
        const auto first = open_tun_device("ghost0");
        if (!first) {
            return skipped;
        }
        const auto second = open_tun_device("ghost0");
        return !second && second.error().code == EBUSY &&
                       second.error().message.find("exists already") != std::string::npos
                   ? 1
                   : 0;
    });
    if (status != skipped) {
        CHECK(status == 1);
    }
}

TEST_CASE("link: a kernel socket is refused on its own loopback interface") {
    for (const char* address : {"127.0.0.1", "::1", "127.3.2.1"}) {
        const int status = in_namespace([&] {
            if (!set_up_loopback()) {
                return skipped;
            }
            const bool v4 = wire::IpAddress::parse(address)->is_v4();
            // For every address of one of the families.
            const bool wide = address == std::string("127.3.2.1");
            auto link = open_loopback({{*wire::IpAddress::parse(wide ? "0.0.0.0" : address), 80}});
            return !link ? link.error().code
                         : refuse_a_connection(**link, address,
                                               static_cast<std::uint16_t>(v4 ? 65495 : 65476));
        });
        if (status == skipped) {
            MESSAGE("skipped: no network namespace can be made here");
            return;
        }
        CAPTURE(address);
        CHECK(status == ECONNREFUSED);
    }
}

TEST_CASE("link: who has a port is named") {
    const int status = in_namespace([] {
        wire::Endpoint taken{*wire::IpAddress::parse("127.0.0.1"), 0};
        const FileDescriptor server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const SocketAddress any = socket_address(taken);
        if (!set_up_loopback() || ::bind(server.get(), any.get(), any.length) != 0 ||
            ::listen(server.get(), 1) != 0) {
            return skipped;
        }
        taken.port = bound_port(server.get());
        const auto link = open_loopback({taken});
        const std::string expected = "The peer cannot have " + taken.to_string() +
                                     ": ghostpeer-unit (process " + std::to_string(::getpid()) +
                                     ") listens there. ";
        return !link && link.error().code == EADDRINUSE &&
                       link.error().message.starts_with(expected)
                   ? 0
                   : 1;
    });
    if (status == skipped) {
        MESSAGE("skipped: no network namespace can be made here");
        return;
    }
    CHECK(status == 0);
}
