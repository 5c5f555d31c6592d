#include "capture/link_layer.hpp"

#include "capture/hash.hpp"
#include "wire/big_endian.hpp"

#include <algorithm>

namespace ghostpeer::capture {
namespace {

using packets::LinkType;
using wire::ByteView;
using wire::read_u16;

constexpr std::uint16_t ipv4 = 0x0800;
constexpr std::uint16_t ipv6 = 0x86dd;
constexpr std::uint16_t pppoe_session = 0x8864;

[[nodiscard]] bool is_vlan(std::uint16_t type) noexcept {
    return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200;
}

/// Where the IP header begins, behind `at`, where a protocol of Ethernet's numbers begins.
[[nodiscard]] std::optional<Frame> behind(ByteView bytes, std::size_t at, std::uint16_t type) {
    Frame frame;
    while (is_vlan(type)) {
        if (bytes.size() < at + 4) {
            return std::nullopt;
        }
        frame.vlan = read_u16(bytes, at) & 0x0fffU;
        type = read_u16(bytes, at + 2);
        at += 4;
    }
    constexpr std::size_t pppoe_header = 8;
    if (type == pppoe_session && bytes.size() >= at + pppoe_header) {
        const std::uint16_t inner = read_u16(bytes, at + 6);
        type = inner == 0x0021 ? ipv4 : inner == 0x0057 ? ipv6 : std::uint16_t{0};
        at += pppoe_header;
    }
    if ((type != ipv4 && type != ipv6) || bytes.size() <= at) {
        return std::nullopt;
    }
    frame.ip = bytes.subspan(at);
    return frame;
}

/// The version that the packet itself tells: address families are numbered differently everywhere.
[[nodiscard]] std::optional<Frame> by_version(ByteView bytes, std::size_t at) {
    if (bytes.size() <= at || (bytes[at] >> 4 != 4 && bytes[at] >> 4 != 6)) {
        return std::nullopt;
    }
    Frame frame;
    frame.ip = bytes.subspan(at);
    return frame;
}

[[nodiscard]] std::optional<Frame> open(LinkType type, ByteView bytes) {
    // Where the protocol is told, and where the header ends.
    const auto typed = [&](std::size_t protocol_at, std::size_t size) {
        return bytes.size() < size ? std::nullopt
                                   : behind(bytes, size, read_u16(bytes, protocol_at));
    };
    switch (type) {
        case LinkType::ethernet: return typed(12, 14);
        case LinkType::cooked: return typed(14, 16);
        case LinkType::cooked_v2: return typed(0, 20);
        case LinkType::raw: return by_version(bytes, 0);
        case LinkType::null:
        case LinkType::loop: return by_version(bytes, 4);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Frame> open_frame(LinkType type, ByteView bytes) noexcept {
    auto frame = open(type, bytes);
    if (frame) {
        frame->link_key = hash(bytes.first(bytes.size() - frame->ip.size()));
    }
    return frame;
}

std::string_view name(LinkType type) noexcept {
    switch (type) {
        case LinkType::ethernet: return "Ethernet";
        case LinkType::cooked: return "Linux cooked";
        case LinkType::cooked_v2: return "Linux cooked v2";
        case LinkType::raw: return "raw IP";
        case LinkType::null:
        case LinkType::loop: return "loopback";
    }
    return "unknown";
}

}  // namespace ghostpeer::capture
