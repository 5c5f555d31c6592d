// A TCP segment as libtins reads it, beside what ghostpeer's own codec says that it is.
#pragma once

#include "ghostpeer/wire/segment.hpp"

#include <tins/ip.h>
#include <tins/ipv6.h>
#include <tins/rawpdu.h>
#include <tins/tcp.h>

#include <memory>
#include <span>
#include <string>

namespace ghostpeer::test {

/// Names of the fields that libtins reads otherwise out of `packet`; empty: none. `serialized`: it
/// makes other bytes of what it has read, so that a checksum, a length or an option is wrong.
[[nodiscard]] inline std::string differences(const wire::Segment& expected,
                                             std::span<const std::uint8_t> packet) {
    const auto size = static_cast<std::uint32_t>(packet.size());
    const bool v4 = expected.source.address.is_v4();
    std::string list;
    const auto compare = [&list](const char* name, bool same) {
        if (!same) {
            list += std::string(list.empty() ? "" : ", ") + name;
        }
    };
    std::unique_ptr<Tins::PDU> read;
    try {
        if (v4) {
            auto ip = std::make_unique<Tins::IP>(packet.data(), size);
            compare("addresses",
                    ip->src_addr().to_string() == expected.source.address.to_string() &&
                        ip->dst_addr().to_string() == expected.destination.address.to_string());
            compare("ttl", ip->ttl() == expected.ttl);
            compare("tos", ip->tos() == expected.tos);
            compare("id", ip->id() == expected.ip_id);
            read = std::move(ip);
        } else {
            auto ip = std::make_unique<Tins::IPv6>(packet.data(), size);
            const auto& from = expected.source.address.bytes();
            const auto& to = expected.destination.address.bytes();
            compare("addresses", ip->src_addr() == Tins::IPv6Address(from.data()) &&
                                     ip->dst_addr() == Tins::IPv6Address(to.data()));
            compare("hop limit", ip->hop_limit() == expected.ttl);
            compare("traffic class", ip->traffic_class() == expected.tos);
            read = std::move(ip);
        }
    } catch (const Tins::exception_base&) {
        return "malformed";
    }
    const auto* tcp = read->find_pdu<Tins::TCP>();
    if (tcp == nullptr) {
        return "no TCP";
    }
    const auto& options = expected.options;
    compare("ports",
            tcp->sport() == expected.source.port && tcp->dport() == expected.destination.port);
    compare("numbers", tcp->seq() == expected.seq.raw() && tcp->ack_seq() == expected.ack.raw());
    compare("flags", (tcp->flags() & 0xffU) == expected.flags.bits);
    compare("window", tcp->window() == expected.window && tcp->urg_ptr() == expected.urgent);
    const auto* mss = tcp->search_option(Tins::TCP::MSS);
    compare("mss", (mss != nullptr) == options.mss.has_value() &&
                       (!options.mss || tcp->mss() == *options.mss));
    const auto* scale = tcp->search_option(Tins::TCP::WSCALE);
    compare("window scale",
            (scale != nullptr) == options.window_scale.has_value() &&
                (!options.window_scale || tcp->winscale() == *options.window_scale));
    compare("SACK permitted", tcp->has_sack_permitted() == options.sack_permitted);
    const auto* stamps = tcp->search_option(Tins::TCP::TSOPT);
    compare("timestamps",
            (stamps != nullptr) == options.timestamps.has_value() &&
                (!options.timestamps || tcp->timestamp() == std::pair(options.timestamps->value,
                                                                      options.timestamps->echo)));
    const auto* raw = tcp->find_pdu<Tins::RawPDU>();
    compare("payload",
            raw == nullptr ? expected.payload.empty() : raw->payload() == expected.payload);
    const auto again = read->serialize();
    compare("serialized", std::equal(again.begin(), again.end(), packet.begin(), packet.end()));
    return list;
}

}  // namespace ghostpeer::test
