// Packets that Linux 6.18 sent over a veth pair without offloads, and tools to bend them.
#pragma once

#include "ghostpeer/wire/checksum.hpp"
#include "ghostpeer/wire/codec.hpp"

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace ghostpeer::test {

using wire::Bytes;

inline Bytes from_hex(std::string_view text) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    Bytes bytes;
    bool high = true;
    for (const char c : text) {
        if (c == ' ' || c == '\n') {
            continue;
        }
        if (high) {
            bytes.push_back(static_cast<std::uint8_t>(digit(c) << 4));
        } else {
            bytes.back() = static_cast<std::uint8_t>(bytes.back() | digit(c));
        }
        high = !high;
    }
    return bytes;
}

inline Bytes linux_syn() {
    return from_hex(
        "4500003c9b7540004006131fc6120001c6120002ed701f90d8e6c17200000000"
        "a002faf035e90000020405b40402080a092dda73000000000103030a");
}
inline Bytes linux_syn_ack() {
    return from_hex(
        "4500003c000040004006ae94c6120002c61200011f90ed701ee42e4bd8e6c173"
        "a012fe8856700000020405b40402080a114e7d52092dda730103030a");
}
inline Bytes linux_data() {
    return from_hex(
        "450000469b7740004006 1313c6120001c6120002ed701f90d8e6c1731ee42e4c"
        "8018003fa4ce00000101080a092dda74114e7d52"
        "474554202f20485454502f312e300d0a0d0a");
}
inline Bytes linux_syn_v6() {
    return from_hex(
        "6009b1560028064020010002000000000000000000000001"
        "20010002000000000000000000000002b6401f900fc11858"
        "00000000a002fd2089ce0000020405a00402080a16076d28000000000103030a");
}
inline Bytes linux_udp_v4() {
    return from_hex("4500002136154000 4011788fc6120001c6120002 ad150009000d82bb 68656c6c6f");
}
inline Bytes linux_port_unreachable_v4() {
    return from_hex(
        "45c0003d44ca00004001a90ec6120002c6120001 0303894300000000"
        "45000021361540004011788fc6120001c6120002ad150009000d82bb68656c6c6f");
}

/// Makes the checksums right again after a test has bent an IPv4 TCP packet without IP options.
inline void repair_v4(Bytes& packet) {
    const auto write = [&](std::size_t at, std::uint16_t sum) {
        packet[at] = static_cast<std::uint8_t>(~sum >> 8);
        packet[at + 1] = static_cast<std::uint8_t>(~sum);
    };
    const std::size_t ip_size = std::size_t{packet[0] & 0x0fU} * 4;
    packet[10] = packet[11] = 0;
    write(10, wire::ones_complement_sum(std::span(packet).first(ip_size)));
    if (packet[9] != 6) {
        return;
    }
    std::uint32_t pseudo = 6 + static_cast<std::uint32_t>(packet.size() - ip_size);
    pseudo += wire::ones_complement_sum(std::span(packet).subspan(12, 8));
    packet[ip_size + 16] = packet[ip_size + 17] = 0;
    write(ip_size + 16, wire::ones_complement_sum(std::span(packet).subspan(ip_size), pseudo));
}

/// A SYN whose option area is exactly these bytes (a multiple of 4), checksums right.
inline Bytes syn_with_options(std::initializer_list<std::uint8_t> options) {
    Bytes packet = linux_syn();
    packet.resize(40);
    packet.insert(packet.end(), options);
    packet[3] = static_cast<std::uint8_t>(packet.size());
    packet[32] = static_cast<std::uint8_t>((packet.size() - 20) / 4 << 4);
    repair_v4(packet);
    return packet;
}

}  // namespace ghostpeer::test
