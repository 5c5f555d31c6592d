// What reads and writes the packets that are no TCP segments: ICMP, UDP and DNS.
#pragma once

#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/datagram.hpp"
#include "ghostpeer/wire/dns.hpp"
#include "ghostpeer/wire/icmp.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace ghostpeer::wire {

/// One answer for each kind of packet. Nothing of it throws, whatever the bytes are. Its
/// implementation (room `packets`) needs libtins, which a run may never need.
class PacketLibrary {
  public:
    PacketLibrary() = default;
    PacketLibrary(const PacketLibrary&) = delete;
    PacketLibrary& operator=(const PacketLibrary&) = delete;
    virtual ~PacketLibrary() = default;

    // ICMP -------------------------------------------------------------------------------------

    /// The error, or redirect, that a host or router sends for the packet. Nothing for packets that
    /// must not be answered so (RFC 1122, 3.2.2: fragments, multicast), that are no TCP or UDP, or
    /// where the version of IP has no such message, or not with an address of the other version.
    [[nodiscard]] virtual std::optional<Bytes> icmp_error(
        const IcmpMessage& message, std::span<const std::uint8_t> packet) noexcept = 0;
    /// The error of a host that does not speak the packet's protocol: 3/2; ICMPv6 4/1, with the
    /// place where the protocol is named. Nothing for fragments and multicast.
    [[nodiscard]] virtual std::optional<Bytes> protocol_unreachable(
        std::span<const std::uint8_t> packet) noexcept = 0;
    /// The answer to an ICMP or ICMPv6 echo request; nothing for anything else.
    [[nodiscard]] virtual std::optional<Bytes> echo_reply(
        std::span<const std::uint8_t> packet) noexcept = 0;

    // UDP --------------------------------------------------------------------------------------

    /// Reads one IP packet; nothing where it is no whole UDP datagram with a right checksum.
    [[nodiscard]] virtual std::optional<Datagram> decode_datagram(
        std::span<const std::uint8_t> packet, const DecodeOptions& options) noexcept = 0;
    /// Writes the IP packet, checksums included. Empty where the payload is too long for one, the
    /// addresses are not of one family, or there is no memory.
    [[nodiscard]] virtual Bytes encode(const Datagram& datagram) noexcept = 0;

    // DNS --------------------------------------------------------------------------------------

    /// Reads a question. Nothing where the message is no query, or not one well-formed question;
    /// whatever follows the question (EDNS) is ignored. A name is never longer than 255 bytes, and
    /// one with compression is none.
    [[nodiscard]] virtual std::optional<DnsQuery> parse_dns_query(
        std::span<const std::uint8_t> message) noexcept = 0;
    /// The answer to a question: its addresses, each to be kept for a minute, or an outcome. Empty
    /// where there is no memory.
    [[nodiscard]] virtual Bytes compose_dns_answer(
        const DnsQuery& query, DnsOutcome outcome,
        std::span<const IpAddress> addresses) noexcept = 0;
    /// The answer "format error" to a message that is no well-formed question; empty for one that
    /// must not be answered (shorter than a header, or a response).
    [[nodiscard]] virtual Bytes dns_format_error(
        std::span<const std::uint8_t> message) noexcept = 0;
    /// The answer to `query` that says: ask again over TCP.
    [[nodiscard]] virtual Bytes dns_truncated(const DnsQuery& query) noexcept = 0;
};

/// Answers nothing and reads nothing: what a run has that needs none, or that cannot have any.
[[nodiscard]] PacketLibrary& no_packet_library() noexcept;

}  // namespace ghostpeer::wire
