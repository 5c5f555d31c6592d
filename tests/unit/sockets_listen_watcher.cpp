#include "sockets/listen_watcher.hpp"
#include "support/sock_diag.hpp"

#include <doctest/doctest.h>

#include <linux/rtnetlink.h>
#include <cerrno>

using namespace ghostpeer;
using namespace ghostpeer::sockets;

namespace {

class Kernel : public ghostpeer::testing::SockDiag {
  public:
    ListenWatcher& watcher() { return watcher_; }

    /// The family that was asked for; 0: no question.
    int question() {
        const auto request = SockDiag::question();
        CHECK((request.sdiag_family == 0 || request.idiag_states == 1U << 10));
        return request.sdiag_family;
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
    ListenWatcher watcher_{far_end()};
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
