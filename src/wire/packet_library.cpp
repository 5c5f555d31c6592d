#include "ghostpeer/wire/packet_library.hpp"

namespace ghostpeer::wire {
namespace {

using Packet = std::span<const std::uint8_t>;

class NoPacketLibrary final : public PacketLibrary {
  public:
    [[nodiscard]] std::optional<Bytes> icmp_error(const IcmpMessage& /*message*/,
                                                  Packet /*packet*/) noexcept override {
        return std::nullopt;
    }
    [[nodiscard]] std::optional<Bytes> protocol_unreachable(Packet /*packet*/) noexcept override {
        return std::nullopt;
    }
    [[nodiscard]] std::optional<Bytes> echo_reply(Packet /*packet*/) noexcept override {
        return std::nullopt;
    }
    [[nodiscard]] std::optional<Datagram> decode_datagram(
        Packet /*packet*/, const DecodeOptions& /*options*/) noexcept override {
        return std::nullopt;
    }
    [[nodiscard]] Bytes encode(const Datagram& /*datagram*/) noexcept override { return {}; }
    [[nodiscard]] std::optional<DnsQuery> parse_dns_query(Packet /*message*/) noexcept override {
        return std::nullopt;
    }
    [[nodiscard]] Bytes compose_dns_answer(
        const DnsQuery& /*query*/, DnsOutcome /*outcome*/,
        std::span<const IpAddress> /*addresses*/) noexcept override {
        return {};
    }
    [[nodiscard]] Bytes dns_format_error(Packet /*message*/) noexcept override { return {}; }
    [[nodiscard]] Bytes dns_truncated(const DnsQuery& /*query*/) noexcept override { return {}; }
};

}  // namespace

PacketLibrary& no_packet_library() noexcept {
    static NoPacketLibrary made;
    return made;
}

}  // namespace ghostpeer::wire
