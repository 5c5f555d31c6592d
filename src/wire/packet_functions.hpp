// What of this room libtins does, as a table: the program loads it with the libraries behind it
// when it needs it, for they take longer to load than everything else that it does at its start.
#pragma once

#include "ghostpeer/wire/datagram.hpp"
#include "ghostpeer/wire/dns.hpp"
#include "ghostpeer/wire/icmp.hpp"

namespace ghostpeer::wire {

struct PacketFunctions {
    decltype(&icmp_error) icmp;
    decltype(&protocol_unreachable) no_such_protocol;
    decltype(&echo_reply) echo;
    decltype(&decode_datagram) from_datagram;
    Bytes (*datagram)(const Datagram&) noexcept;
    decltype(&parse_dns_query) dns_query;
    decltype(&compose_dns_answer) dns_answer;
    decltype(&dns_format_error) dns_error;
    decltype(&dns_truncated) dns_cut;
};

[[nodiscard]] inline PacketFunctions packet_functions() noexcept {
    return {&icmp_error,      &protocol_unreachable, &echo_reply,       &decode_datagram, &encode,
            &parse_dns_query, &compose_dns_answer,   &dns_format_error, &dns_truncated};
}

}  // namespace ghostpeer::wire
