#include "observe/listen_watcher.hpp"

#include <doctest/doctest.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>

using namespace ghostpeer;
using namespace ghostpeer::observe;

namespace {

/// Plays the kernel on the other end of a socket pair.
class Kernel {
  public:
    Kernel() {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends.data()) == 0);
        fd_ = ends[0];
        watcher_ = std::make_unique<ListenWatcher>(ends[1]);
    }
    ~Kernel() { ::close(fd_); }
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;

    ListenWatcher& watcher() { return *watcher_; }

    /// The family that was asked for; 0: no question.
    int question() {
        struct {
            nlmsghdr header;
            inet_diag_req_v2 request;
        } message{};
        if (::recv(fd_, &message, sizeof message, 0) != sizeof message) {
            return 0;
        }
        CHECK(message.header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
        CHECK(message.request.sdiag_protocol == IPPROTO_TCP);
        CHECK(message.request.idiag_states == 1U << 10);
        sequence_ = message.header.nlmsg_seq;
        return message.request.sdiag_family;
    }
    void answer(std::uint16_t type, const void* payload, std::size_t n) {
        std::array<char, 256> bytes{};
        nlmsghdr header{};
        header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(n));
        header.nlmsg_type = type;
        header.nlmsg_flags = NLM_F_MULTI;
        header.nlmsg_seq = sequence_;
        std::memcpy(bytes.data(), &header, sizeof header);
        std::memcpy(bytes.data() + NLMSG_HDRLEN, payload, n);
        REQUIRE(::send(fd_, bytes.data(), header.nlmsg_len, 0) ==
                static_cast<ssize_t>(header.nlmsg_len));
    }
    void done() {
        const int nothing = 0;
        answer(NLMSG_DONE, &nothing, sizeof nothing);
    }
    void error(int number) {
        nlmsgerr message{};
        message.error = -number;
        answer(NLMSG_ERROR, &message, sizeof message);
    }
    void listener(std::uint8_t family, std::uint32_t v4, std::uint16_t port,
                  std::optional<bool> v6_only = {}) {
        struct {
            inet_diag_msg message;
            rtattr attribute;
            std::uint32_t value;
        } payload{};
        payload.message.idiag_family = family;
        payload.message.idiag_state = 10;
        payload.message.id.idiag_sport = htons(port);
        payload.message.id.idiag_src[0] = htonl(v4);
        payload.attribute.rta_type = INET_DIAG_SKV6ONLY;
        payload.attribute.rta_len = RTA_LENGTH(1);
        payload.value = v6_only.value_or(false) ? 1 : 0;
        answer(SOCK_DIAG_BY_FAMILY, &payload, v6_only ? sizeof payload : sizeof payload.message);
    }

  private:
    int fd_ = -1;
    std::uint32_t sequence_ = 0;
    std::unique_ptr<ListenWatcher> watcher_;
};

}  // namespace

TEST_CASE("listening sockets are asked for, IPv4 and then IPv6, and told together") {
    Kernel kernel;
    CHECK_FALSE(kernel.watcher().read());
    kernel.watcher().request();
    kernel.watcher().request();
    CHECK(kernel.question() == AF_INET);
    CHECK(kernel.question() == 0);
    kernel.listener(AF_INET, 0xc6120001, 80);
    kernel.done();
    CHECK_FALSE(kernel.watcher().read());
    CHECK(kernel.question() == AF_INET6);
    kernel.listener(AF_INET6, 0, 81, true);
    kernel.listener(AF_INET6, 0, 82, false);
    kernel.done();
    const auto seen = kernel.watcher().read();
    REQUIRE(seen);
    REQUIRE(seen->size() == 3);
    CHECK(seen->at(0).at.to_string() == "198.18.0.1:80");
    CHECK(seen->at(1).at.to_string() == "[::]:81");
    CHECK(seen->at(1).v6_only);
    CHECK_FALSE(seen->at(2).v6_only);
    CHECK_FALSE(kernel.watcher().read());
    kernel.watcher().request();
    CHECK(kernel.question() == AF_INET);
}

TEST_CASE("a kernel without IPv6 has said all with IPv4") {
    Kernel kernel;
    kernel.watcher().request();
    CHECK(kernel.question() == AF_INET);
    kernel.done();
    CHECK_FALSE(kernel.watcher().read());
    CHECK(kernel.question() == AF_INET6);
    kernel.error(ENOENT);
    const auto seen = kernel.watcher().read();
    REQUIRE(seen);
    CHECK(seen->empty());
    CHECK_FALSE(kernel.watcher().failure());
}

TEST_CASE("a kernel that is busy is asked again, one that refuses is not") {
    Kernel kernel;
    kernel.watcher().request();
    CHECK(kernel.question() == AF_INET);
    kernel.error(EBUSY);
    CHECK_FALSE(kernel.watcher().read());
    kernel.watcher().request();
    CHECK(kernel.question() == AF_INET);
    kernel.error(EPERM);
    CHECK_FALSE(kernel.watcher().read());
    REQUIRE(kernel.watcher().failure());
    CHECK(*kernel.watcher().failure() ==
          "The kernel does not say where COMMAND listens (inet_diag): Operation not permitted.");
    kernel.watcher().request();
    CHECK(kernel.question() == 0);
}

TEST_CASE("answers that are cut short, foreign or late are no harm") {
    Kernel kernel;
    kernel.watcher().request();
    CHECK(kernel.question() == AF_INET);
    const std::array<char, 8> rubbish{};
    kernel.answer(SOCK_DIAG_BY_FAMILY, rubbish.data(), rubbish.size());
    kernel.answer(NLMSG_ERROR, rubbish.data(), 0);
    CHECK_FALSE(kernel.watcher().read());
    CHECK(kernel.watcher().failure());
}
