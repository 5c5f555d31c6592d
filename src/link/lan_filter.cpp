#include "link/lan_filter.hpp"

#include "link/big_endian.hpp"
#include "link/numbers.hpp"

#include <linux/if_ether.h>

namespace ghostpeer::link {
namespace {

using Program = std::vector<sock_filter>;

constexpr std::uint32_t icmpv6 = 58;
constexpr std::uint32_t at_type = 12;
constexpr std::uint32_t at_v4_destination = ETH_HLEN + 16;
constexpr std::uint32_t at_v6_next = ETH_HLEN + 6;
constexpr std::uint32_t at_v6_destination = ETH_HLEN + 24;
constexpr std::uint32_t at_icmpv6_type = ETH_HLEN + 40;

void op(Program& program, int code, std::uint32_t k, unsigned if_true = 0, unsigned if_false = 0) {
    program.push_back({static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(if_true),
                       static_cast<std::uint8_t>(if_false), k});
}

void verdict(Program& program, std::uint32_t bytes) { op(program, BPF_RET | BPF_K, bytes); }

/// What the accumulator holds must be `value`, else the frame is dropped.
void require(Program& program, std::uint32_t value) {
    op(program, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    verdict(program, 0);
}

void require_untagged(Program& program) {
    op(program, BPF_LD | BPF_W | BPF_ABS,
       static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT));
    require(program, 0);
}

/// Goes on with `then` where the frame is of this type, else behind it.
void in_case(Program& program, std::uint32_t type, const Program& then) {
    op(program, BPF_LD | BPF_H | BPF_ABS, at_type);
    op(program, BPF_JMP | BPF_JEQ | BPF_K, type, 1, 0);
    op(program, BPF_JMP | BPF_JA, static_cast<std::uint32_t>(then.size()));
    program.insert(program.end(), then.begin(), then.end());
}

}  // namespace

std::vector<sock_filter> packet_filter(const MacAddress& own,
                                       const std::vector<wire::IpAddress>& addresses) {
    Program v4;
    Program v6;
    op(v4, BPF_LD | BPF_W | BPF_ABS, at_v4_destination);
    // Types 130 to 137 concern the neighbourhood: MLD, router and neighbour discovery.
    op(v6, BPF_LD | BPF_B | BPF_ABS, at_v6_next);
    op(v6, BPF_JMP | BPF_JEQ | BPF_K, icmpv6, 0, 4);
    op(v6, BPF_LD | BPF_B | BPF_ABS, at_icmpv6_type);
    op(v6, BPF_JMP | BPF_JGE | BPF_K, 130, 0, 2);
    op(v6, BPF_JMP | BPF_JGT | BPF_K, 137, 1, 0);
    verdict(v6, 0);
    for (const wire::IpAddress& address : addresses) {
        if (address.is_v4()) {
            op(v4, BPF_JMP | BPF_JEQ | BPF_K, address.v4_host_order(), 0, 1);
            verdict(v4, whole_packet);
            continue;
        }
        constexpr unsigned words = 4;
        for (unsigned word = 0; word < words; ++word) {
            op(v6, BPF_LD | BPF_W | BPF_ABS, at_v6_destination + 4 * word);
            op(v6, BPF_JMP | BPF_JEQ | BPF_K, read_u32(address.bytes(), std::size_t{4} * word), 0,
               2 * (words - 1 - word) + 1);
        }
        verdict(v6, whole_packet);
    }
    verdict(v4, 0);
    verdict(v6, 0);

    Program program;
    require_untagged(program);
    op(program, BPF_LD | BPF_W | BPF_ABS, 0);
    require(program, read_u32(own, 0));
    op(program, BPF_LD | BPF_H | BPF_ABS, 4);
    require(program, read_u16(own, 4));
    in_case(program, ETH_P_IP, v4);
    in_case(program, ETH_P_IPV6, v6);
    verdict(program, 0);
    return program;
}

std::vector<sock_filter> neighbour_filter() {
    Program program;
    require_untagged(program);
    Program arp;
    verdict(arp, whole_packet);
    Program v6;
    op(v6, BPF_LD | BPF_B | BPF_ABS, at_v6_next);
    op(v6, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0);  // hop-by-hop: an MLD query
    op(v6, BPF_JMP | BPF_JEQ | BPF_K, icmpv6, 0, 4);
    op(v6, BPF_LD | BPF_B | BPF_ABS, at_icmpv6_type);
    op(v6, BPF_JMP | BPF_JGE | BPF_K, 130, 0, 2);
    op(v6, BPF_JMP | BPF_JGT | BPF_K, 137, 1, 0);
    verdict(v6, whole_packet);
    verdict(v6, 0);
    in_case(program, ETH_P_ARP, arp);
    in_case(program, ETH_P_IPV6, v6);
    verdict(program, 0);
    return program;
}

}  // namespace ghostpeer::link
