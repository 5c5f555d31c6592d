// Captures that are made in memory, packet by packet.
#pragma once

#include "capture/read.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "packets/capture_file.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::test {

/// What was captured, and what it is read as.
class MadeCapture final : public packets::CaptureFile {
  public:
    explicit MadeCapture(packets::LinkType type = packets::LinkType::raw) : type_(type) {}

    /// `cut`: how much of it was captured; 0: all.
    void add(Duration at, wire::Bytes bytes, std::size_t cut = 0) {
        const auto length = static_cast<std::uint32_t>(bytes.size());
        if (cut != 0 && cut < bytes.size()) {
            bytes.resize(cut);
        }
        packets_.push_back({at, length, std::move(bytes)});
    }
    void fail(std::string why) { failing_ = std::move(why); }

    [[nodiscard]] packets::LinkType link_type() const noexcept override { return type_; }
    [[nodiscard]] bool next(packets::CapturedPacket& packet) noexcept override {
        if (next_ == packets_.size()) {
            failure_ = failing_;
            return false;
        }
        const Packet& one = packets_[next_++];
        packet = {one.at, one.length, one.bytes};
        return true;
    }
    [[nodiscard]] const std::string& failure() const noexcept override { return failure_; }
    [[nodiscard]] std::uint64_t position() const noexcept override { return next_; }
    [[nodiscard]] std::uint64_t size() const noexcept override { return packets_.size(); }

  private:
    struct Packet {
        Duration at{};
        std::uint32_t length = 0;
        wire::Bytes bytes;
    };
    packets::LinkType type_;
    std::vector<Packet> packets_;
    std::size_t next_ = 0;
    std::string failing_;
    std::string failure_;
};

/// A conversation of 10.0.0.1:40000 with 10.0.0.2:80, written segment by segment. Initial numbers
/// are 1000 and 5000; `seq` and `ack` count from them, as traces do.
class MadeConversation {
  public:
    using Flags = wire::Flags;

    explicit MadeConversation(MadeCapture& capture) : capture_(capture) {}

    std::uint16_t port = 40000;
    std::uint8_t client_ttl = 64;
    std::uint8_t server_ttl = 55;
    std::uint16_t window = 500;
    bool options = true;
    std::size_t cut = 0;
    std::uint32_t client_isn = 1000;

    [[nodiscard]] wire::Segment make(bool client, std::uint8_t flags, std::uint32_t seq,
                                     std::uint32_t ack, std::size_t payload = 0) {
        wire::Segment segment;
        segment.source = {wire::IpAddress::v4(client ? 0x0a000001 : 0x0a000002),
                          client ? port : std::uint16_t{80}};
        segment.destination = {wire::IpAddress::v4(client ? 0x0a000002 : 0x0a000001),
                               client ? std::uint16_t{80} : port};
        segment.seq = wire::SeqNum((client ? client_isn : 5000) + seq);
        segment.ack = wire::SeqNum((client ? 5000 : client_isn) + ack);
        segment.flags.bits = flags;
        segment.window = window;
        segment.ttl = client ? client_ttl : server_ttl;
        segment.ip_id = ++id_;
        segment.payload.assign(payload, std::uint8_t{'x'});
        if ((flags & Flags::syn) != 0 && options) {
            segment.options.mss = 1460;
            segment.options.window_scale = std::uint8_t{7};
            segment.options.sack_permitted = true;
        }
        return segment;
    }
    void client(Duration at, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
                std::size_t payload = 0) {
        capture_.add(at, wire::encode(make(true, flags, seq, ack, payload)), cut);
    }
    void server(Duration at, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack,
                std::size_t payload = 0) {
        capture_.add(at, wire::encode(make(false, flags, seq, ack, payload)), cut);
    }
    /// Captured at the client, the server 10 ms away.
    void handshake(Duration at) {
        using namespace std::chrono_literals;
        client(at, Flags::syn, 0, 0);
        server(at + 10ms, Flags::syn | Flags::ack, 0, 1);
        client(at + 10ms + 20us, Flags::ack, 1, 1);
    }

  private:
    MadeCapture& capture_;
    std::uint16_t id_ = 0;
};

}  // namespace ghostpeer::test
