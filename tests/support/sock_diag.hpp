// The kernel's socket tables (sock_diag(7)), played on the other end of a socket pair.
#pragma once

#include <doctest/doctest.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace ghostpeer::testing {

class SockDiag {
  public:
    SockDiag() {
        REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, ends_.data()) == 0);
    }
    ~SockDiag() { ::close(ends_[0]); }
    SockDiag(const SockDiag&) = delete;
    SockDiag& operator=(const SockDiag&) = delete;

    /// For who is to ask: it belongs to them.
    [[nodiscard]] int far_end() const noexcept { return ends_[1]; }

    /// What was asked for; of the family 0: no question.
    inet_diag_req_v2 question() {
        struct {
            nlmsghdr header;
            inet_diag_req_v2 request;
        } message{};
        if (::recv(ends_[0], &message, sizeof message, 0) != sizeof message) {
            return {};
        }
        CHECK(message.header.nlmsg_type == SOCK_DIAG_BY_FAMILY);
        CHECK(message.header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_DUMP));
        CHECK(message.request.sdiag_protocol == IPPROTO_TCP);
        sequence_ = message.header.nlmsg_seq;
        return message.request;
    }
    void answer(std::uint16_t type, const void* payload, std::size_t n) {
        std::array<char, 1024> bytes{};
        nlmsghdr header{};
        header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(n));
        header.nlmsg_type = type;
        header.nlmsg_flags = NLM_F_MULTI;
        header.nlmsg_seq = sequence_;
        std::memcpy(bytes.data(), &header, sizeof header);
        std::memcpy(bytes.data() + NLMSG_HDRLEN, payload, n);
        raw(bytes.data(), header.nlmsg_len);
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
    void raw(const void* bytes, std::size_t n) {
        CHECK(::send(ends_[0], bytes, n, 0) == static_cast<ssize_t>(n));
    }

  private:
    std::array<int, 2> ends_{};
    std::uint32_t sequence_ = 0;
};

}  // namespace ghostpeer::testing
