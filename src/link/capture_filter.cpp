#include "link/capture_filter.hpp"

#include "link/numbers.hpp"

#include <linux/if_ether.h>

#include <algorithm>
#include <utility>

namespace ghostpeer::link {

namespace {

using Range = std::pair<std::uint16_t, std::uint16_t>;  ///< both included

/// A conditional jump leads 255 steps far; a range takes two.
constexpr std::size_t most_ranges = 120;

std::vector<Range> ranges_of(std::vector<std::uint16_t> ports) {
    std::sort(ports.begin(), ports.end());
    std::vector<Range> ranges;
    for (const std::uint16_t port : ports) {
        if (!ranges.empty() && port <= ranges.back().second + 1) {
            ranges.back().second = port;
        } else {
            ranges.emplace_back(port, port);
        }
    }
    if (ranges.size() > most_ranges) {
        return {{0, UINT16_MAX}};
    }
    return ranges;
}

constexpr sock_filter step(int code, std::uint32_t k) {
    return {static_cast<std::uint16_t>(code), 0, 0, k};
}

/// Goes `yes` or `no` steps further than the next one.
constexpr sock_filter jump(int code, std::uint32_t k, std::size_t yes, std::size_t no) {
    return {static_cast<std::uint16_t>(BPF_JMP | code | BPF_K), static_cast<std::uint8_t>(yes),
            static_cast<std::uint8_t>(no), k};
}

}  // namespace

std::vector<sock_filter> tcp_to_ports(std::vector<std::uint16_t> ports) {
    constexpr std::uint32_t type_at = 12;
    constexpr std::uint32_t ip = ETH_HLEN;
    constexpr std::uint32_t v6_header = 40;
    constexpr std::uint32_t destination_port = 2;  // in the TCP header
    const std::vector<Range> ranges = ranges_of(std::move(ports));
    const sock_filter refuse = step(BPF_RET | BPF_K, 0);
    std::vector<sock_filter> program{
        step(BPF_LD | BPF_H | BPF_ABS, type_at),
        jump(BPF_JEQ, ETH_P_IP, 0, 8),
        // IPv4, of fragments the first only: no other has the ports.
        step(BPF_LD | BPF_B | BPF_ABS, ip + 9),
        jump(BPF_JEQ, tcp_protocol, 1, 0),
        refuse,
        step(BPF_LD | BPF_H | BPF_ABS, ip + 6),
        jump(BPF_JSET, 0x1fff, 8, 0),
        step(BPF_LDX | BPF_B | BPF_MSH, ip),
        step(BPF_LD | BPF_H | BPF_IND, ip + destination_port),
        step(BPF_JMP | BPF_JA, 6),
        // IPv6
        jump(BPF_JEQ, ETH_P_IPV6, 1, 0),
        refuse,
        step(BPF_LD | BPF_B | BPF_ABS, ip + 6),
        jump(BPF_JEQ, tcp_protocol, 1, 0),
        refuse,
        step(BPF_LD | BPF_H | BPF_ABS, ip + v6_header + destination_port),
    };
    // The port is in the accumulator; the last two steps are to refuse and to accept.
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        const std::size_t left = 2 * (ranges.size() - i - 1);
        program.push_back(jump(BPF_JGE, ranges[i].first, 0, 1));
        program.push_back(jump(BPF_JGT, ranges[i].second, 0, left + 1));
    }
    program.push_back(refuse);
    program.push_back(step(BPF_RET | BPF_K, whole_packet));
    return program;
}

}  // namespace ghostpeer::link
