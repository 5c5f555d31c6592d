// ICMP, UDP and DNS with libtins, function by function (see wire::PacketLibrary for what each
// does), and captures with libpcap.
#pragma once

#include "ghostpeer/wire/packet_library.hpp"
#include "packets/capture_file.hpp"
#include "wire/big_endian.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace ghostpeer::packets {

using wire::Bytes;
using wire::ByteView;

[[nodiscard]] std::optional<Bytes> icmp_error(const wire::IcmpMessage& message,
                                              ByteView packet) noexcept;
[[nodiscard]] std::optional<Bytes> protocol_unreachable(ByteView packet) noexcept;
[[nodiscard]] std::optional<Bytes> echo_reply(ByteView packet) noexcept;

[[nodiscard]] std::optional<wire::Datagram> decode_datagram(
    ByteView packet, const wire::DecodeOptions& options = {}) noexcept;
[[nodiscard]] Bytes encode(const wire::Datagram& datagram) noexcept;

[[nodiscard]] std::optional<wire::DnsQuery> parse_dns_query(ByteView message) noexcept;
[[nodiscard]] Bytes compose_dns_answer(const wire::DnsQuery& query, wire::DnsOutcome outcome,
                                       std::span<const wire::IpAddress> addresses = {}) noexcept;
[[nodiscard]] Bytes dns_format_error(ByteView message) noexcept;
[[nodiscard]] Bytes dns_truncated(const wire::DnsQuery& query) noexcept;

/// See `open_capture`, which gets it out of the module; an error without words: no memory.
[[nodiscard]] OpenedCapture open_with_libpcap(const std::string& path) noexcept;
/// The same of a file's bytes, which outlive it.
[[nodiscard]] OpenedCapture open_with_libpcap(std::span<const std::uint8_t> bytes) noexcept;

/// All of what libtins does behind the interface. It has no state and outlives everything.
[[nodiscard]] wire::PacketLibrary& library() noexcept;

}  // namespace ghostpeer::packets
