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

constexpr std::array<KindRow, 6> kinds{{
    {IcmpKind::port_unreachable, "port-unreachable", {{3, 3}, {1, 4}}},
    {IcmpKind::host_unreachable, "host-unreachable", {{3, 1}, {1, 3}}},
    {IcmpKind::net_unreachable, "net-unreachable", {{3, 0}, {1, 0}}},
    {IcmpKind::admin_prohibited, "admin-prohibited", {{3, 13}, {1, 1}}},
    {IcmpKind::ttl_exceeded, "ttl-exceeded", {{11, 0}, {3, 0}}},
    {IcmpKind::fragmentation_needed, "frag-needed", {{3, 4}, {2, 0}}},
}};

const KindRow& row_of(IcmpKind kind) noexcept { return kinds[static_cast<std::size_t>(kind)]; }

}  // namespace

IcmpNumbers numbers(IcmpKind kind) noexcept { return row_of(kind).numbers; }

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
