#include "wire/icmp_kinds.hpp"

#include "ghostpeer/wire/codec.hpp"

#include <array>

namespace ghostpeer::wire {

namespace {

struct KindRow {
    IcmpKind kind;
    std::string_view word;
    IcmpNumbers numbers;
};

constexpr IcmpTypeAndCode none{no_icmp_type, 0};

constexpr std::array<KindRow, icmp_kind_count> kinds{{
    {IcmpKind::port_unreachable, "port-unreachable", {{3, 3}, {1, 4}}},
    {IcmpKind::host_unreachable, "host-unreachable", {{3, 1}, {1, 3}}},
    {IcmpKind::net_unreachable, "net-unreachable", {{3, 0}, {1, 0}}},
    {IcmpKind::admin_prohibited, "admin-prohibited", {{3, 13}, {1, 1}}},
    {IcmpKind::ttl_exceeded, "ttl-exceeded", {{11, 0}, {3, 0}}},
    {IcmpKind::fragmentation_needed, "frag-needed", {{3, 4}, {2, 0}}},
    {IcmpKind::protocol_unreachable, "protocol-unreachable", {{3, 2}, {4, 1}}},
    {IcmpKind::source_route_failed, "source-route-failed", {{3, 5}, {1, 7}}},
    {IcmpKind::net_unknown, "net-unknown", {{3, 6}, {1, 0}}},
    {IcmpKind::host_unknown, "host-unknown", {{3, 7}, {1, 3}}},
    {IcmpKind::source_isolated, "source-isolated", {{3, 8}, none}},
    {IcmpKind::net_prohibited, "net-prohibited", {{3, 9}, {1, 1}}},
    {IcmpKind::host_prohibited, "host-prohibited", {{3, 10}, {1, 1}}},
    {IcmpKind::net_unreachable_tos, "net-unreachable-tos", {{3, 11}, {1, 0}}},
    {IcmpKind::host_unreachable_tos, "host-unreachable-tos", {{3, 12}, {1, 3}}},
    {IcmpKind::precedence_violation, "precedence-violation", {{3, 14}, none}},
    {IcmpKind::precedence_cutoff, "precedence-cutoff", {{3, 15}, none}},
    {IcmpKind::beyond_scope, "beyond-scope", {none, {1, 2}}},
    {IcmpKind::policy_failed, "policy-failed", {none, {1, 5}}},
    {IcmpKind::route_rejected, "route-rejected", {none, {1, 6}}},
    {IcmpKind::source_quench, "source-quench", {{4, 0}, none}},
    {IcmpKind::reassembly_time_exceeded, "reassembly-time-exceeded", {{11, 1}, {3, 1}}},
    {IcmpKind::parameter_problem, "parameter-problem", {{12, 0}, {4, 0}}},
    {IcmpKind::unknown_option, "unknown-option", {none, {4, 2}}},
    {IcmpKind::option_missing, "option-missing", {{12, 1}, none}},
    {IcmpKind::bad_length, "bad-length", {{12, 2}, none}},
    {IcmpKind::net_redirect, "net-redirect", {{5, 0}, none}},
    {IcmpKind::redirect, "redirect", {{5, 1}, {137, 0}}},
    {IcmpKind::net_redirect_tos, "net-redirect-tos", {{5, 2}, none}},
    {IcmpKind::redirect_tos, "redirect-tos", {{5, 3}, none}},
}};

const KindRow& row_of(IcmpKind kind) noexcept { return kinds[static_cast<std::size_t>(kind)]; }

}  // namespace

IcmpNumbers numbers(IcmpKind kind) noexcept { return row_of(kind).numbers; }

bool exists(IcmpKind kind, bool v4) noexcept {
    return (v4 ? numbers(kind).v4 : numbers(kind).v6).type != no_icmp_type;
}

bool is_redirect(IcmpKind kind) noexcept {
    return kind == IcmpKind::net_redirect || kind == IcmpKind::redirect ||
           kind == IcmpKind::net_redirect_tos || kind == IcmpKind::redirect_tos;
}

bool has_pointer(IcmpKind kind) noexcept {
    return kind == IcmpKind::parameter_problem || kind == IcmpKind::unknown_option ||
           kind == IcmpKind::protocol_unreachable;
}

bool is_unreachable(IcmpKind kind) noexcept {
    return kind != IcmpKind::fragmentation_needed && kind != IcmpKind::source_quench &&
           !is_redirect(kind);
}

std::string_view name(IcmpKind kind) noexcept { return row_of(kind).word; }

std::optional<IcmpKind> parse_icmp_kind(std::string_view word) noexcept {
    for (const KindRow& row : kinds) {
        if (row.word == word) {
            return row.kind;
        }
    }
    return std::nullopt;
}

}  // namespace ghostpeer::wire
