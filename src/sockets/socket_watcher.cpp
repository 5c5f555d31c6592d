#include "sockets/socket_watcher.hpp"

#include "sockets/abort_counter.hpp"
#include "sockets/inet_diag.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>

namespace ghostpeer::sockets {

namespace {

constexpr std::uint32_t all_but_listening = 0x1fffU & ~(1U << state_listen);
constexpr std::array<std::string_view, 13> state_names{
    "UNKNOWN", "ESTAB",      "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
    "UNCONN",  "CLOSE-WAIT", "LAST-ACK", "LISTEN",   "CLOSING",    "SYN-RECV"};

event::SocketTimer timer(std::uint8_t number) {
    return number <= 4 ? static_cast<event::SocketTimer>(number) : event::SocketTimer::none;
}

event::Socket to_event(const inet_diag_msg& message) {
    event::Socket event;
    event.src = local_endpoint(message);
    event.dst = remote_endpoint(message);
    event.state =
        state_names.at(message.idiag_state < state_names.size() ? message.idiag_state : 0);
    event.timer = timer(message.idiag_timer);
    if (event.timer != event::SocketTimer::none) {
        event.expires = std::chrono::milliseconds(message.idiag_expires);
        event.retries = message.idiag_retrans;
    }
    event.recv_q = message.idiag_rqueue;
    event.send_q = message.idiag_wqueue;
    return event;
}

/// Had the socket sent something that was never answered? What it was is cleared before the kernel
/// tells of its end, how often it was tried is not (tcp_write_err(), tcp_disconnect()).
bool has_retried(const nlmsghdr& header) {
    const auto* attribute =
        static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&header, sizeof(inet_diag_msg)));
    const auto left = [&] {
        const auto* const end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&header));
        return static_cast<int>(end - reinterpret_cast<const char*>(attribute));
    };
    for (; mnl_attr_ok(attribute, left()); attribute = mnl_attr_next(attribute)) {
        if (mnl_attr_get_type(attribute) == INET_DIAG_INFO) {
            // Later kernels have a longer one, which begins with this.
            tcp_info info{};
            std::memcpy(&info, mnl_attr_get_payload(attribute),
                        std::min<std::size_t>(mnl_attr_get_payload_len(attribute), sizeof info));
            return info.tcpi_retransmits > 0 || info.tcpi_probes > 0;
        }
    }
    return true;
}

/// The time left runs down by itself: that alone is no news.
bool same(const event::Socket& a, const event::Socket& b) {
    return a.state == b.state && a.timer == b.timer && a.retries == b.retries &&
           a.recv_q == b.recv_q && a.send_q == b.send_q;
}

}  // namespace

struct SocketWatcher::Impl {
    struct Known {
        event::Socket event;
        std::uint64_t seen_in = 0;
        Instant seen{};
        std::optional<std::uint64_t> aborts;  ///< before the listing that showed it last
    };

    int fd = -1;
    std::size_t max_sockets = 0;
    std::uint64_t round = 0;
    std::uint64_t complete = 0;  ///< rounds that were answered to their end
    Instant asked{};             ///< when the round began
    AbortCounter counter{FileDescriptor{}};
    std::optional<std::uint64_t> aborts;  ///< when the round began
    int asking = AF_UNSPEC;               ///< the family whose dump is under way
    bool ended = false;
    bool told_limit = false;
    std::optional<std::string> notice;
    std::unordered_map<wire::Flow, Known, wire::FlowHash> known;  ///< local: the program's end
    std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(part_size);

    void end(int error) {
        ended = true;
        asking = AF_UNSPEC;
        notice = fmt::format(
            "The program's sockets are not watched any more, because the kernel "
            "did not answer: {}.",
            std::strerror(error));
    }

    void ask(int family) {
        const int error =
            ask_for_sockets(fd, family, all_but_listening, static_cast<std::uint32_t>(round));
        asking = error == 0 ? family : AF_UNSPEC;
        if (error != 0 && error != EAGAIN) {
            end(error);
        }
    }

    void take(const inet_diag_msg& message, std::vector<event::Socket>& changes) {
        if (message.idiag_state == state_listen ||
            (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)) {
            return;
        }
        auto event = to_event(message);
        event.aborts = aborts;
        const wire::Flow flow{event.src, event.dst};
        const auto found = known.find(flow);
        if (found == known.end()) {
            if (known.size() >= max_sockets) {
                if (!std::exchange(told_limit, true)) {
                    notice = fmt::format(
                        "Of the program's sockets only {} at a time are watched. "
                        "The others do not show.",
                        max_sockets);
                }
                return;
            }
            known.emplace(flow, Known{event, round, asked, aborts});
            changes.push_back(event);
            return;
        }
        found->second.seen_in = round;
        found->second.seen = asked;
        found->second.aborts = aborts;
        if (!same(found->second.event, event)) {
            changes.push_back(event);
        }
        found->second.event = event;
    }

    void forget_gone(std::vector<event::Socket>& changes) {
        std::optional<std::uint64_t> by_now;
        for (auto it = known.begin(); it != known.end();) {
            if (it->second.seen_in == round) {
                ++it;
                continue;
            }
            // Whoever is not listed any more has been counted by now, if at all.
            by_now = by_now || !counter.active() ? by_now : counter.read();
            event::Socket change;
            change.aborts_before = it->second.aborts;
            change.aborts = by_now;
            change.src = it->second.event.src;
            change.dst = it->second.event.dst;
            change.state = event::gone;
            change.last_state = it->second.event.state;
            change.last_seen = it->second.seen;
            if (it->second.event.timer != event::SocketTimer::none) {
                change.due = it->second.seen + it->second.event.expires;
            }
            changes.push_back(change);
            it = known.erase(it);
        }
    }

    void answered(std::vector<event::Socket>& changes) {
        if (asking == AF_INET) {
            ask(AF_INET6);
        } else {
            asking = AF_UNSPEC;
            ++complete;
            forget_gone(changes);
        }
    }

    void parse(std::span<const char> bytes, std::vector<event::Socket>& changes) {
        int left = static_cast<int>(bytes.size());
        const auto* header = reinterpret_cast<const nlmsghdr*>(bytes.data());
        // mnl_nlmsg_ok takes a length of 2^31 or more for a negative one, and lets it pass.
        const auto whole = [&] {
            return mnl_nlmsg_ok(header, left) &&
                   header->nlmsg_len <= static_cast<std::uint32_t>(left);
        };
        for (; !ended && whole(); header = mnl_nlmsg_next(header, &left)) {
            if (header->nlmsg_seq == 0 && header->nlmsg_type == SOCK_DIAG_BY_FAMILY) {
                note_destroyed(*header, changes);  // no answer: a message to all who subscribed
                continue;
            }
            if (header->nlmsg_seq != static_cast<std::uint32_t>(round)) {
                continue;
            }
            if (header->nlmsg_type == NLMSG_DONE) {
                answered(changes);
            } else if (header->nlmsg_type == NLMSG_ERROR) {
                refused(*header, changes);
            } else if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
                       mnl_nlmsg_get_payload_len(header) >= sizeof(inet_diag_msg)) {
                take(*static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(header)), changes);
            }
        }
    }

    void read_some(std::vector<event::Socket>& changes) {
        for (std::size_t i = 0; i < reads_per_call && !ended; ++i) {
            const auto n = ::recv(fd, buffer.get(), part_size, MSG_DONTWAIT);
            if (n > 0) {
                parse({buffer.get(), static_cast<std::size_t>(n)}, changes);
            } else if (n < 0 && errno == EINTR) {
                continue;
            } else if (n < 0 && errno == ENOBUFS) {
                // An answer was lost: what was not seen in this round is not gone for that.
                asking = AF_UNSPEC;
                return;
            } else {
                if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
                    end(errno);
                }
                return;
            }
        }
    }

    static void note_destroyed(const nlmsghdr& header, std::vector<event::Socket>& changes) {
        if (mnl_nlmsg_get_payload_len(&header) < sizeof(inet_diag_msg)) {
            return;
        }
        const auto& message = *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&header));
        if (message.idiag_family == AF_INET || message.idiag_family == AF_INET6) {
            event::Socket change;
            change.src = local_endpoint(message);
            change.dst = remote_endpoint(message);
            change.state = event::destroyed;
            change.retried = has_retried(header);
            changes.push_back(change);
        }
    }

    /// The counter is read for all of them at once: each was counted, if at all, before it was
    /// told.
    void count_destroyed(std::span<event::Socket> changes) {
        std::optional<std::uint64_t> by_now;
        for (event::Socket& change : changes) {
            if (change.state == event::destroyed) {
                by_now = by_now || !counter.active() ? by_now : counter.read();
                change.aborts = by_now;
            }
        }
    }

    void refused(const nlmsghdr& header, std::vector<event::Socket>& changes) {
        int error = EPROTO;
        if (mnl_nlmsg_get_payload_len(&header) >= sizeof(nlmsgerr)) {
            error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&header))->error;
        }
        // A kernel without IPv6 knows no sockets of it.
        if (asking == AF_INET6 && (error == ENOENT || error == EAFNOSUPPORT)) {
            answered(changes);
        } else if (error == EBUSY) {
            asking = AF_UNSPEC;  // the rest of an answer that was given up: try again later
        } else if (error != 0) {
            end(error);
        }
    }
};

SocketWatcher::SocketWatcher(int fd, FileDescriptor netstat, std::size_t max_sockets)
    : impl_(std::make_unique<Impl>()) {
    impl_->fd = fd;
    impl_->counter = AbortCounter(std::move(netstat));
    impl_->max_sockets = max_sockets;
}

SocketWatcher::~SocketWatcher() {
    if (impl_->fd >= 0) {
        ::close(impl_->fd);
    }
}

int SocketWatcher::fd() const noexcept { return impl_->fd; }

bool SocketWatcher::asking() const noexcept { return impl_->asking != AF_UNSPEC; }

std::uint64_t SocketWatcher::rounds() const noexcept { return impl_->complete; }

bool SocketWatcher::overflowed() const noexcept { return impl_->told_limit; }

std::optional<Instant> SocketWatcher::next_due() const {
    std::optional<Instant> next;
    for (const auto& [flow, known] : impl_->known) {
        if (known.event.timer != event::SocketTimer::none) {
            const Instant due = known.seen + known.event.expires;
            next = std::min(next.value_or(due), due);
        }
    }
    return next;
}

bool SocketWatcher::subscribe() {
    for (const int group : {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY}) {
        if (::setsockopt(impl_->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) !=
            0) {
            return false;
        }
    }
    return true;
}

void SocketWatcher::unsubscribe() {
    for (const int group : {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY}) {
        // One that is not there, or that stays, does no harm.
        static_cast<void>(
            ::setsockopt(impl_->fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &group, sizeof group));
    }
}

bool SocketWatcher::counts_aborts() const noexcept { return impl_->counter.active(); }

std::optional<std::uint64_t> SocketWatcher::aborts() {
    return impl_->counter.active() ? impl_->counter.read() : std::nullopt;
}

void SocketWatcher::request(Instant now) {
    if (!impl_->ended && impl_->asking == AF_UNSPEC) {
        ++impl_->round;
        if (static_cast<std::uint32_t>(impl_->round) == 0) {
            ++impl_->round;  // 0 is the number of messages that answer nothing
        }
        impl_->asked = now;
        impl_->aborts = impl_->counter.active() ? impl_->counter.read() : std::nullopt;
        impl_->ask(AF_INET);
    }
}

void SocketWatcher::read(Instant /*now*/, std::vector<event::Socket>& changes) {
    const std::size_t before = changes.size();
    impl_->read_some(changes);
    impl_->count_destroyed(std::span(changes).subspan(before));
}

std::optional<std::string> SocketWatcher::take_notice() {
    return std::exchange(impl_->notice, std::nullopt);
}

}  // namespace ghostpeer::sockets
