#include "sockets/listen_watcher.hpp"

#include "sockets/inet_diag.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

namespace ghostpeer::sockets {

namespace {

constexpr std::size_t max_listeners = 4096;

bool is_v6_only(const nlmsghdr& header) {
    const auto* attribute =
        static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&header, sizeof(inet_diag_msg)));
    const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&header));
    const auto left = [&] {
        return static_cast<int>(end - reinterpret_cast<const char*>(attribute));
    };
    for (; mnl_attr_ok(attribute, left()); attribute = mnl_attr_next(attribute)) {
        if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
            mnl_attr_get_payload_len(attribute) >= sizeof(std::uint8_t)) {
            return mnl_attr_get_u8(attribute) != 0;
        }
    }
    return false;
}

}  // namespace

struct ListenWatcher::Impl {
    int fd = -1;
    std::uint32_t round = 0;
    int asking = AF_UNSPEC;  ///< the family whose dump is under way
    std::vector<Listener> seen;
    bool complete = false;
    std::optional<std::string> failure;
    std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(part_size);

    void fail(int error) {
        asking = AF_UNSPEC;
        failure = fmt::format("The kernel does not say where COMMAND listens (inet_diag): {}.",
                              std::strerror(error));
    }

    void ask(int family) {
        const int error = ask_for_sockets(fd, family, 1U << state_listen, round);
        asking = error == 0 ? family : AF_UNSPEC;
        if (error != 0 && error != EAGAIN) {
            fail(error);
        }
    }

    void answered() {
        if (asking == AF_INET) {
            ask(AF_INET6);
        } else {
            asking = AF_UNSPEC;
            complete = true;
        }
    }

    void take(const nlmsghdr& header) {
        const auto& message = *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&header));
        const bool known = message.idiag_family == AF_INET || message.idiag_family == AF_INET6;
        if (known && message.idiag_state == state_listen && seen.size() < max_listeners) {
            seen.push_back({local_endpoint(message), is_v6_only(header)});
        }
    }

    void refused(const nlmsghdr& header) {
        int error = EPROTO;
        if (mnl_nlmsg_get_payload_len(&header) >= sizeof(nlmsgerr)) {
            error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&header))->error;
        }
        // A kernel without IPv6 knows no sockets of it.
        if (asking == AF_INET6 && (error == ENOENT || error == EAFNOSUPPORT)) {
            answered();
        } else if (error == EBUSY) {
            asking = AF_UNSPEC;
        } else if (error != 0) {
            fail(error);
        }
    }

    void parse(std::span<const char> bytes) {
        int left = static_cast<int>(bytes.size());
        const auto* header = reinterpret_cast<const nlmsghdr*>(bytes.data());
        // mnl_nlmsg_ok takes a length of 2^31 or more for a negative one, and lets it pass.
        const auto whole = [&] {
            return mnl_nlmsg_ok(header, left) &&
                   header->nlmsg_len <= static_cast<std::uint32_t>(left);
        };
        for (; !failure && whole(); header = mnl_nlmsg_next(header, &left)) {
            if (header->nlmsg_seq != round || asking == AF_UNSPEC) {
                continue;
            }
            if (header->nlmsg_type == NLMSG_DONE) {
                answered();
            } else if (header->nlmsg_type == NLMSG_ERROR) {
                refused(*header);
            } else if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
                       mnl_nlmsg_get_payload_len(header) >= sizeof(inet_diag_msg)) {
                take(*header);
            }
        }
    }
};

ListenWatcher::ListenWatcher(int fd) : impl_(std::make_unique<Impl>()) { impl_->fd = fd; }

ListenWatcher::~ListenWatcher() {
    if (impl_->fd >= 0) {
        ::close(impl_->fd);
    }
}

int ListenWatcher::fd() const noexcept { return impl_->fd; }

void ListenWatcher::request() {
    if (impl_->failure || impl_->asking != AF_UNSPEC) {
        return;
    }
    ++impl_->round;
    impl_->seen.clear();
    impl_->complete = false;
    impl_->ask(AF_INET);
}

std::optional<std::vector<Listener>> ListenWatcher::read() {
    for (std::size_t i = 0; i < reads_per_call && !impl_->failure; ++i) {
        const auto n = ::recv(impl_->fd, impl_->buffer.get(), part_size, MSG_DONTWAIT);
        if (n > 0) {
            impl_->parse({impl_->buffer.get(), static_cast<std::size_t>(n)});
        } else if (n < 0 && errno == EINTR) {
            continue;
        } else if (n < 0 && errno == ENOBUFS) {
            impl_->asking = AF_UNSPEC;  // an answer was lost: ask again
            break;
        } else {
            if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
                impl_->fail(errno);
            }
            break;
        }
    }
    if (!std::exchange(impl_->complete, false)) {
        return std::nullopt;
    }
    return std::exchange(impl_->seen, {});
}

const std::optional<std::string>& ListenWatcher::failure() const noexcept { return impl_->failure; }

}  // namespace ghostpeer::sockets
