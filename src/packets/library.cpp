#include "packets/packets.hpp"

namespace ghostpeer::packets {
namespace {

using namespace wire;

class TinsLibrary final : public PacketLibrary {
  public:
    [[nodiscard]] std::optional<Bytes> icmp_error(const IcmpMessage& message,
                                                  ByteView packet) noexcept override {
        return packets::icmp_error(message, packet);
    }
    [[nodiscard]] std::optional<Bytes> protocol_unreachable(ByteView packet) noexcept override {
        return packets::protocol_unreachable(packet);
    }
    [[nodiscard]] std::optional<Bytes> echo_reply(ByteView packet) noexcept override {
        return packets::echo_reply(packet);
    }
    [[nodiscard]] std::optional<Datagram> decode_datagram(
        ByteView packet, const DecodeOptions& options) noexcept override {
        return packets::decode_datagram(packet, options);
    }
    [[nodiscard]] Bytes encode(const Datagram& datagram) noexcept override {
        return packets::encode(datagram);
    }
    [[nodiscard]] std::optional<DnsQuery> parse_dns_query(ByteView message) noexcept override {
        return packets::parse_dns_query(message);
    }
    [[nodiscard]] Bytes compose_dns_answer(const DnsQuery& query, DnsOutcome outcome,
                                           std::span<const IpAddress> addresses) noexcept override {
        return packets::compose_dns_answer(query, outcome, addresses);
    }
    [[nodiscard]] Bytes dns_format_error(ByteView message) noexcept override {
        return packets::dns_format_error(message);
    }
    [[nodiscard]] Bytes dns_truncated(const DnsQuery& query) noexcept override {
        return packets::dns_truncated(query);
    }
};

}  // namespace

wire::PacketLibrary& library() noexcept {
    static TinsLibrary made;
    return made;
}

}  // namespace ghostpeer::packets
