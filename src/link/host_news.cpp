#include "link/host_news.hpp"

#include "link/big_endian.hpp"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace ghostpeer::link {
namespace {

void add_addresses(nlmsghdr& message, std::vector<wire::IpAddress>& addresses) {
    auto* const header = static_cast<ifaddrmsg*>(NLMSG_DATA(&message));
    auto size = static_cast<unsigned>(IFA_PAYLOAD(&message));
    for (rtattr* part = IFA_RTA(header); RTA_OK(part, size); part = RTA_NEXT(part, size)) {
        if (part->rta_type != IFA_LOCAL && part->rta_type != IFA_ADDRESS) {
            continue;
        }
        std::array<std::uint8_t, 16> bytes{};
        const std::size_t length = RTA_PAYLOAD(part);
        std::memcpy(bytes.data(), RTA_DATA(part), std::min(length, bytes.size()));
        if (header->ifa_family == AF_INET && length == 4) {
            addresses.push_back(wire::IpAddress::v4(read_u32(bytes, 0)));
        } else if (header->ifa_family == AF_INET6 && length == bytes.size()) {
            addresses.push_back(wire::IpAddress::v6(bytes));
        }
    }
}

}  // namespace

FileDescriptor open_news() {
    FileDescriptor socket(
        ::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK;
    if (!socket ||
        ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return {};
    }
    return socket;
}

HostNews read_news(const FileDescriptor& news, int index) {
    HostNews found;
    alignas(nlmsghdr) std::array<char, 8192>
        buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    for (;;) {
        const ssize_t got = ::recv(news.get(), buffer.data(), buffer.size(), 0);
        if (got <= 0) {
            return found;
        }
        auto left = static_cast<unsigned>(got);
        for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(message, left);
             message = NLMSG_NEXT(message, left)) {
            if (message->nlmsg_type == RTM_DELLINK) {
                const auto* const link = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
                // A bridge that it leaves says so with the same message.
                found.gone =
                    found.gone || (link->ifi_index == index && link->ifi_family == AF_UNSPEC);
            } else if (message->nlmsg_type == RTM_NEWADDR) {
                add_addresses(*message, found.addresses);
            }
        }
    }
}

}  // namespace ghostpeer::link
