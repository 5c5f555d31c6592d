#include "packets/packets.hpp"

#include "wire/ip_packet.hpp"

#include <tins/dns.h>

#include <algorithm>
#include <array>

namespace ghostpeer::packets {

using namespace wire;

namespace {

constexpr std::size_t header_size = 12;
constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 255;
constexpr std::uint32_t seconds_to_keep = 60;
constexpr std::uint8_t response_bit = 0x80;

bool is_host_byte(std::uint8_t byte) noexcept {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_';
}

void append_byte(std::string& name, std::uint8_t byte) {
    if (byte >= 'A' && byte <= 'Z') {
        byte = static_cast<std::uint8_t>(byte - 'A' + 'a');
    }
    if (is_host_byte(byte)) {
        name += static_cast<char>(byte);
        return;
    }
    constexpr std::array<char, 10> digits{'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'};
    name += '\\';
    name += digits.at(byte / 100U);
    name += digits.at(byte / 10U % 10U);
    name += digits.at(byte % 10U);
}

/// Reads the name at `at` and moves behind it; false where it is none.
bool read_name(ByteView message, std::size_t& at, std::string& name) {
    const std::size_t begin = at;
    while (at < message.size()) {
        const std::size_t length = message[at++];
        if (length == 0) {
            return at - begin <= longest_name;
        }
        // The upper bits would be a pointer (RFC 1035, 4.1.4), which has nothing before it to
        // point to.
        if (length > longest_label || at + length > message.size() ||
            at + length - begin > longest_name) {
            return false;
        }
        if (!name.empty()) {
            name += '.';
        }
        for (const std::uint8_t byte : message.subspan(at, length)) {
            append_byte(name, byte);
        }
        at += length;
    }
    return false;
}

/// libtins trusts the names that it meets, so it is given the one that has been read already and
/// nothing behind it.
Tins::DNS begin_answer(const DnsQuery& query) {
    Tins::DNS answer(query.head.data(), static_cast<std::uint32_t>(query.head.size()));
    answer.type(Tins::DNS::RESPONSE);
    answer.recursion_available(1);
    answer.authenticated_data(0);
    answer.z(0);
    return answer;
}

void add_address(Tins::DNS& answer, const DnsQuery& query, const IpAddress& address) {
    const std::uint16_t type = address.is_v4() ? dns_type_a : dns_type_aaaa;
    answer.add_answer(Tins::DNS::resource(query.name, address.to_string(), type, dns_class_internet,
                                          seconds_to_keep));
}

}  // namespace

std::optional<DnsQuery> parse_dns_query(ByteView message) noexcept {
    if (message.size() < header_size || (message[2] & response_bit) != 0 ||
        read_u16(message, 4) != 1) {
        return std::nullopt;
    }
    try {
        DnsQuery query;
        query.opcode = static_cast<std::uint8_t>(message[2] >> 3 & 0x0fU);
        std::size_t at = header_size;
        if (!read_name(message, at, query.name) || at + 4 > message.size()) {
            return std::nullopt;
        }
        query.type = read_u16(message, at);
        query.question_class = read_u16(message, at + 2);
        const ByteView head = message.first(at + 4);
        query.head.assign(head.begin(), head.end());
        // Of the counts only that of the questions stays.
        std::fill(query.head.begin() + 6, query.head.begin() + header_size, std::uint8_t{0});
        return query;
    } catch (...) {
        return std::nullopt;
    }
}

Bytes compose_dns_answer(const DnsQuery& query, DnsOutcome outcome,
                         std::span<const IpAddress> addresses) noexcept {
    try {
        Tins::DNS answer = begin_answer(query);
        answer.rcode(static_cast<std::uint8_t>(outcome));
        for (const IpAddress& address : addresses) {
            add_address(answer, query, address);
        }
        return answer.serialize();
    } catch (...) {
        return {};
    }
}

Bytes dns_format_error(ByteView message) noexcept {
    if (message.size() < header_size || (message[2] & response_bit) != 0) {
        return {};
    }
    try {
        Tins::DNS answer;
        answer.id(read_u16(message, 0));
        answer.type(Tins::DNS::RESPONSE);
        answer.opcode(static_cast<std::uint8_t>(message[2] >> 3 & 0x0fU));
        answer.rcode(static_cast<std::uint8_t>(DnsOutcome::format_error));
        return answer.serialize();
    } catch (...) {
        return {};
    }
}

Bytes dns_truncated(const DnsQuery& query) noexcept {
    try {
        Tins::DNS answer = begin_answer(query);
        answer.truncated(1);
        return answer.serialize();
    } catch (...) {
        return {};
    }
}

}  // namespace ghostpeer::packets
