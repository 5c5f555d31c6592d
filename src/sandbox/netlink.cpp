#include "sandbox/netlink.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace ghostpeer::sandbox::netlink {

namespace {

// The largest request here, a veth pair, takes about 200 bytes.
constexpr std::size_t request_size = 1024;

struct Address {
    unsigned char family;
    unsigned char bits;
    std::size_t size;
    std::array<unsigned char, 16> bytes;
};

Address parse(const std::string& text) {
    Address address{};
    const bool v6 = text.find(':') != std::string::npos;
    address.family = v6 ? AF_INET6 : AF_INET;
    address.size = v6 ? 16 : 4;
    address.bits = v6 ? 128 : 32;
    inet_pton(address.family, text.c_str(), address.bytes.data());
    return address;
}

}  // namespace

class Batch::Builder {
  public:
    Builder(Batch& batch, std::uint16_t type, std::uint16_t flags, std::string what,
            Tolerated tolerated)
        : batch_(batch), what_(std::move(what)), tolerated_(tolerated) {
        message_ = mnl_nlmsg_put_header(buffer_.data());
        message_->nlmsg_type = type;
        message_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    }
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;
    ~Builder() {
        const auto* begin = reinterpret_cast<const std::byte*>(message_);
        batch_.requests_.push_back(
            {{begin, begin + message_->nlmsg_len}, std::move(what_), std::move(tolerated_)});
    }

    template <class Header>
    Header& header() {
        return *static_cast<Header*>(mnl_nlmsg_put_extra_header(message_, sizeof(Header)));
    }
    void put(std::uint16_t type, const void* data, std::size_t size) {
        mnl_attr_put(message_, type, size, data);
    }
    void put(std::uint16_t type, std::uint32_t value) { mnl_attr_put_u32(message_, type, value); }
    void put(std::uint16_t type, const std::string& text) {
        mnl_attr_put_strz(message_, type, text.c_str());
    }
    void put(std::uint16_t type, const Address& address) {
        put(type, address.bytes.data(), address.size);
    }
    void put(std::uint16_t type, const MacAddress& mac) { put(type, mac.data(), mac.size()); }
    void put_u8(std::uint16_t type, std::uint8_t value) { mnl_attr_put_u8(message_, type, value); }

    nlattr* begin(std::uint16_t type) { return mnl_attr_nest_start(message_, type); }
    void end(nlattr* nest) { mnl_attr_nest_end(message_, nest); }

  private:
    Batch& batch_;
    alignas(nlmsghdr) std::array<char, request_size> buffer_{};
    nlmsghdr* message_;
    std::string what_;
    std::vector<int> tolerated_;
};

void Batch::create_veth(const std::string& name, const MacAddress& mac,
                        const std::string& peer_name, const MacAddress& peer_mac) {
    Builder request(*this, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL,
                    "create the virtual Ethernet pair " + name + " and " + peer_name, {});
    request.header<ifinfomsg>();
    request.put(IFLA_IFNAME, name);
    request.put(IFLA_ADDRESS, mac);
    nlattr* info = request.begin(IFLA_LINKINFO);
    request.put(IFLA_INFO_KIND, std::string("veth"));
    nlattr* data = request.begin(IFLA_INFO_DATA);
    nlattr* peer = request.begin(VETH_INFO_PEER);
    request.header<ifinfomsg>();
    request.put(IFLA_IFNAME, peer_name);
    request.put(IFLA_ADDRESS, peer_mac);
    request.end(peer);
    request.end(data);
    request.end(info);
}

void Batch::set_up(unsigned index, const std::string& name) {
    Builder request(*this, RTM_NEWLINK, 0, "bring the interface " + name + " up", {});
    auto& link = request.header<ifinfomsg>();
    link.ifi_index = static_cast<int>(index);
    link.ifi_flags = IFF_UP;
    link.ifi_change = IFF_UP;
}

void Batch::set_up_without_arp(unsigned index, const std::string& name) {
    Builder request(*this, RTM_NEWLINK, 0, "bring the interface " + name + " up", {});
    auto& link = request.header<ifinfomsg>();
    link.ifi_index = static_cast<int>(index);
    link.ifi_flags = IFF_UP | IFF_NOARP;
    link.ifi_change = IFF_UP | IFF_NOARP;
}

void Batch::set_down(unsigned index, const std::string& name) {
    Builder request(*this, RTM_NEWLINK, 0, "bring the interface " + name + " down", {});
    auto& link = request.header<ifinfomsg>();
    link.ifi_index = static_cast<int>(index);
    link.ifi_change = IFF_UP;
}

void Batch::set_carrier(unsigned index, const std::string& name, bool on, Tolerated tolerated) {
    Builder request(*this, RTM_NEWLINK, 0,
                    "set the carrier of the interface " + name + (on ? " on" : " off"), tolerated);
    request.header<ifinfomsg>().ifi_index = static_cast<int>(index);
    request.put_u8(IFLA_CARRIER, on ? 1 : 0);
}

void Batch::set_mtu(unsigned index, const std::string& name, std::uint32_t mtu) {
    Builder request(*this, RTM_NEWLINK, 0,
                    "set the MTU of the interface " + name + " to " + std::to_string(mtu), {});
    request.header<ifinfomsg>().ifi_index = static_cast<int>(index);
    request.put(IFLA_MTU, mtu);
}

void Batch::disable_address_generation(unsigned index, const std::string& name,
                                       Tolerated tolerated) {
    Builder request(*this, RTM_NEWLINK, 0, "stop IPv6 from making up addresses on " + name,
                    tolerated);
    request.header<ifinfomsg>().ifi_index = static_cast<int>(index);
    nlattr* families = request.begin(IFLA_AF_SPEC);
    nlattr* inet6 = request.begin(AF_INET6);
    request.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    request.end(inet6);
    request.end(families);
}

void Batch::add_address(unsigned index, const std::string& address, Tolerated tolerated) {
    const Address parsed = parse(address);
    Builder request(*this, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, "add the address " + address,
                    tolerated);
    auto& header = request.header<ifaddrmsg>();
    header.ifa_family = parsed.family;
    header.ifa_prefixlen = parsed.bits;
    header.ifa_index = index;
    header.ifa_scope = RT_SCOPE_UNIVERSE;
    if (parsed.family == AF_INET6) {
        header.ifa_flags = IFA_F_NODAD;
    }
    request.put(IFA_LOCAL, parsed);
    request.put(IFA_ADDRESS, parsed);
}

void Batch::add_local_route(unsigned index, const std::string& address, Tolerated tolerated) {
    const Address parsed = parse(address);
    Builder request(*this, RTM_NEWROUTE, NLM_F_CREATE, "add a local route to " + address,
                    tolerated);
    auto& route = request.header<rtmsg>();
    route.rtm_family = parsed.family;
    route.rtm_dst_len = parsed.bits;
    route.rtm_table = RT_TABLE_LOCAL;
    route.rtm_protocol = RTPROT_KERNEL;
    route.rtm_scope = RT_SCOPE_UNIVERSE;
    route.rtm_type = RTN_LOCAL;
    request.put(RTA_DST, parsed);
    request.put(RTA_OIF, index);
}

void Batch::add_host_route(unsigned index, const std::string& address, Tolerated tolerated) {
    Builder request(*this, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, "add a route to " + address,
                    tolerated);
    describe_host_route(request, index, address);
}

void Batch::remove_host_route(unsigned index, const std::string& address, Tolerated tolerated) {
    Builder request(*this, RTM_DELROUTE, 0, "remove the route to " + address, tolerated);
    describe_host_route(request, index, address);
}

void Batch::describe_host_route(Builder& request, unsigned index, const std::string& address) {
    const Address parsed = parse(address);
    auto& route = request.header<rtmsg>();
    route.rtm_family = parsed.family;
    route.rtm_dst_len = parsed.bits;
    route.rtm_table = RT_TABLE_MAIN;
    route.rtm_protocol = RTPROT_STATIC;
    route.rtm_scope = parsed.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    route.rtm_type = RTN_UNICAST;
    request.put(RTA_DST, parsed);
    request.put(RTA_OIF, index);
}

void Batch::add_default_route(unsigned index, const std::string& gateway, Tolerated tolerated) {
    Builder request(*this, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL,
                    "add a default route through " + gateway, tolerated);
    describe_default_route(request, index, gateway);
}

void Batch::remove_default_route(unsigned index, const std::string& gateway, Tolerated tolerated) {
    Builder request(*this, RTM_DELROUTE, 0, "remove the default route through " + gateway,
                    tolerated);
    describe_default_route(request, index, gateway);
}

void Batch::describe_default_route(Builder& request, unsigned index, const std::string& gateway) {
    const Address parsed = parse(gateway);
    auto& route = request.header<rtmsg>();
    route.rtm_family = parsed.family;
    route.rtm_table = RT_TABLE_MAIN;
    route.rtm_protocol = RTPROT_STATIC;
    route.rtm_scope = RT_SCOPE_UNIVERSE;
    route.rtm_type = RTN_UNICAST;
    route.rtm_flags = RTNH_F_ONLINK;
    request.put(RTA_GATEWAY, parsed);
    request.put(RTA_OIF, index);
}

void Batch::add_neighbour(unsigned index, const std::string& address, const MacAddress& mac,
                          Tolerated tolerated) {
    const Address parsed = parse(address);
    Builder request(*this, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
                    "add the static neighbour " + address, tolerated);
    auto& neighbour = request.header<ndmsg>();
    neighbour.ndm_family = parsed.family;
    neighbour.ndm_ifindex = static_cast<int>(index);
    neighbour.ndm_state = NUD_PERMANENT;
    request.put(NDA_DST, parsed);
    request.put(NDA_LLADDR, mac);
}

namespace {

std::string extended_message(const nlmsghdr* message) {
    if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return {};
    }
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
    std::size_t offset = sizeof(nlmsgerr);
    if ((message->nlmsg_flags & NLM_F_CAPPED) == 0) {
        offset += error->msg.nlmsg_len - sizeof(nlmsghdr);
    }
    std::string text;
    const auto take_message = [](const nlattr* attribute, void* into) {
        if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG) {
            const std::string_view payload(
                static_cast<const char*>(mnl_attr_get_payload(attribute)),
                mnl_attr_get_payload_len(attribute));
            *static_cast<std::string*>(into) = payload.substr(0, payload.find('\0'));
        }
        return MNL_CB_OK;
    };
    mnl_attr_parse(message, static_cast<unsigned>(offset), take_message, &text);
    return text;
}

}  // namespace

tl::expected<void, Refusal> Batch::commit() {
    if (requests_.empty()) {
        return {};
    }
    const auto broken = [](int error) {
        return tl::unexpected(Refusal{error, "talk to the kernel through rtnetlink", {}});
    };
    const std::unique_ptr<mnl_socket, int (*)(mnl_socket*)> socket(
        mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC), mnl_socket_close);
    if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
        return broken(errno);
    }
    int on = 1;
    mnl_socket_setsockopt(socket.get(), NETLINK_EXT_ACK, &on, sizeof on);
    mnl_socket_setsockopt(socket.get(), NETLINK_CAP_ACK, &on, sizeof on);

    std::vector<std::byte> bytes;
    std::uint32_t sequence = 0;
    for (Request& request : requests_) {
        auto* header = reinterpret_cast<nlmsghdr*>(request.bytes.data());
        header->nlmsg_seq = ++sequence;
        // A refusal is told in any case, and before what comes behind it (netlink_rcv_skb()).
        if (sequence == requests_.size()) {
            header->nlmsg_flags |= NLM_F_ACK;
        }
        bytes.insert(bytes.end(), request.bytes.begin(), request.bytes.end());
    }
    if (mnl_socket_sendto(socket.get(), bytes.data(), bytes.size()) < 0) {
        return broken(errno);
    }

    std::vector<Request> requests = std::exchange(requests_, {});
    alignas(nlmsghdr) std::array<char, 8192> answer;
    for (std::size_t answered = 0; answered < requests.size();) {  // up to which one
        const ssize_t received = mnl_socket_recvfrom(socket.get(), answer.data(), answer.size());
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0) {
            return broken(received < 0 ? errno : EPIPE);
        }
        int left = static_cast<int>(received);
        const auto* message = reinterpret_cast<const nlmsghdr*>(answer.data());
        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_type != NLMSG_ERROR || message->nlmsg_seq == 0 ||
                message->nlmsg_seq > requests.size()) {
                continue;
            }
            answered = message->nlmsg_seq;
            const int error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
            Request& request = requests[message->nlmsg_seq - 1];
            const auto& tolerated = request.tolerated;
            if (error != 0 &&
                std::find(tolerated.begin(), tolerated.end(), error) == tolerated.end()) {
                return tl::unexpected(
                    Refusal{error, std::move(request.what), extended_message(message)});
            }
        }
    }
    return {};
}

std::string sentence(const Refusal& refusal) {
    std::string text = "ghostpeer could not " + refusal.what + ": " + strerror(refusal.error);
    if (!refusal.kernel_message.empty()) {
        text += " (the kernel says: " + refusal.kernel_message + ")";
    }
    return text + ".";
}

}  // namespace ghostpeer::sandbox::netlink
