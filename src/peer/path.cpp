// What the network says of the peer's own segments (RFC 1191, RFC 8201, RFC 5461).
#include "peer/engine_impl.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ghostpeer::peer {
namespace {

constexpr std::uint32_t least_ipv4_mtu = 552;  // Linux: net.ipv4.route.min_pmtu
constexpr std::uint32_t least_ipv6_mtu = 1280;
constexpr Duration path_lifetime = std::chrono::minutes(10);  // Linux: mtu_expires
constexpr std::size_t max_paths = 1024;

constexpr std::uint32_t headers(bool v4) noexcept { return v4 ? 40 : 60; }

/// Does it end a handshake that the other side has begun? Linux believes what can hardly be meant
/// for something else (tcp_v4_err; icmpv6_err_convert).
[[nodiscard]] bool is_final(wire::IcmpKind kind, bool v4) noexcept {
    using Kind = wire::IcmpKind;
    switch (kind) {
        case Kind::port_unreachable:
        case Kind::admin_prohibited:
        case Kind::source_route_failed:
        case Kind::policy_failed:
        case Kind::route_rejected:
        case Kind::protocol_unreachable:
        case Kind::unknown_option: return !v4;
        case Kind::host_unreachable:
        case Kind::net_unreachable:
        case Kind::ttl_exceeded:
        case Kind::option_missing:
        case Kind::bad_length: return v4;
        case Kind::parameter_problem: return true;
        default: break;
    }
    return false;
}

}  // namespace

void Engine::Impl::icmp_error_arrived(const wire::IcmpReport& report, Instant now) {
    const bool v4 = report.flow.local.address.is_v4();
    if (v4 && report.kind == wire::IcmpKind::reassembly_time_exceeded) {
        return;  // Linux: icmp_unreach()
    }
    settle_unsettled(now);
    Connection* connection = connections.find(report.flow);
    if (connection == nullptr || !connection->live() || connection->blackholed_in) {
        return;
    }
    if (report.kind == wire::IcmpKind::fragmentation_needed) {
        path_too_narrow(*connection, report, now);
    } else {
        const bool opening = connection->tcb.state() == tcp::State::syn_sent;
        connection->tcb.on_unreachable(report.seq, is_final(report.kind, v4), out);
        if (opening && !connection->live()) {
            const std::string where = report.flow.remote.to_string();
            notice("unreachable", where,
                   fmt::format("The network answered the peer's SYN to {} with an ICMP error ({}), "
                               "so the attempt is over.",
                               where, wire::name(report.kind)),
                   now);
        }
    }
    settle(*connection, now);
}

void Engine::Impl::path_too_narrow(Connection& connection, const wire::IcmpReport& report,
                                   Instant now) {
    const bool v4 = report.flow.local.address.is_v4();
    // Without DF a router would have cut the segment; and no IPv6 path is as narrow as that.
    if (!connection.behaviour->profile->ip.dont_fragment || (!v4 && report.mtu < least_ipv6_mtu)) {
        return;
    }
    const std::uint32_t mtu = std::max(report.mtu, v4 ? least_ipv4_mtu : least_ipv6_mtu);
    const auto mss = static_cast<std::uint16_t>(std::min(mtu, 65535U) - headers(v4));
    if (!connection.tcb.on_path_mss(report.seq, mss, now)) {
        return;
    }
    if (mtu > report.mtu) {
        connection.may_fragment = true;
    }
    if (mtu >= settings.mtu) {
        return;
    }
    const wire::IpAddress& where = report.flow.remote.address;
    if (paths.size() < max_paths || paths.contains(where)) {
        paths[where] = {static_cast<std::uint16_t>(mtu), now + path_lifetime};
    }
    notice("path-mtu", where.to_string(),
           fmt::format("A router says that packets to {} may have {} bytes at most; the peer's "
                       "segments are shorter from now on.",
                       where.to_string(), report.mtu),
           now);
}

std::uint16_t Engine::Impl::path_mtu(const wire::IpAddress& to, Instant now) {
    const auto known = paths.find(to);
    if (known == paths.end()) {
        return settings.mtu;
    }
    if (known->second.until <= now) {
        paths.erase(known);
        return settings.mtu;
    }
    return std::min(known->second.mtu, settings.mtu);
}

}  // namespace ghostpeer::peer
