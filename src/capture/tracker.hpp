// One conversation while its packets come: bounded, however long it is.
#pragma once

#include "capture/conversation.hpp"
#include "capture/findings.hpp"
#include "capture/habits.hpp"
#include "capture/packet.hpp"
#include "capture/stream.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace ghostpeer::capture {

/// What may still be kept of all conversations together.
struct Budget {
    std::size_t segments = 0;
    std::size_t payload = 0;
};

/// Where a packet was found.
struct Found {
    std::uint64_t packet = 0;
    Duration at{};
    std::uint64_t link_key = 0;
    bool framed = false;  ///< there was something before the IP header
};

class Tracker {
  public:
    /// `first` is its first segment, which is not taken yet.
    Tracker(std::uint32_t number, const TcpPacket& first, const Found& found, std::uint16_t vlan);

    [[nodiscard]] const Conversation& conversation() const noexcept { return told_; }
    void set_attempt(std::uint32_t attempt) noexcept { told_.attempt = attempt; }
    void keep_segments(bool keep) noexcept { keep_ = keep; }

    /// FIN both ways, or an RST.
    [[nodiscard]] bool over() const noexcept;
    /// This SYN is another conversation's, between the same two ends.
    [[nodiscard]] bool begins_anew(const TcpPacket& packet, Duration at) const noexcept;
    /// False: it is the same packet once more.
    bool take(TcpPacket& packet, const Found& found, Budget& budget);
    void take(const IcmpPacket& packet, const Found& found, Budget& budget);

    /// What can be told when nothing more comes; `end`: of the capture.
    [[nodiscard]] Conversation finish(Duration end, std::optional<Perspective> from);

  private:
    struct Fingerprint {
        std::uint64_t hash = 0;
        Duration at{};
        std::uint64_t link_key = 0;
        std::uint8_t ttl = 0;
    };
    struct Sent {
        std::int64_t place = 0;
        std::uint32_t length = 0;
        std::uint64_t hash = 0;
    };
    /// What one end does.
    struct Half {
        Stream stream;
        std::optional<std::uint8_t> scale;  ///< of its SYN
        bool offered_zero = false;
        bool spoke = false;
        Windows windows;
        Resends resends;
        Tally syns;
        Duration last_syn{};
        Tally again;
        Tally offloaded;
        Tally urgent;
        Tally overtaken;
        Tally strange_acks;
        Tally strange_sequences;
        Tally cut;
        Tally fragments;
        Tally after_close;
        Tally different;
        Tally not_seen;
        std::uint64_t with_numbers = 0;
        std::array<std::uint8_t, 4> ttls{};
        std::uint8_t ttl_count = 0;
        Mark other_ttl;
        Mark fin;
        Mark rst;
        std::uint32_t syn_bytes = 0;
        std::uint64_t spoken_at_rst = 0;
        Mark asked;                        ///< what it sent, until it is acknowledged
        std::int64_t asked_to = 0;         ///< where that ends
        std::optional<Duration> answered;  ///< the shortest time until then
        std::array<Sent, 8> sent{};
        std::uint8_t sent_next = 0;
    };

    [[nodiscard]] Half& half(Side side) noexcept { return halves_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] const Half& half(Side side) const noexcept {
        return halves_[static_cast<std::size_t>(side)];
    }
    [[nodiscard]] Side side_of(const wire::Segment& segment) const noexcept;
    [[nodiscard]] bool is_duplicate(const TcpPacket& packet, Side from, std::uint64_t payload_hash,
                                    const Found& found);
    void choose_roles(const wire::Segment& first);
    void note_handshake(const wire::Segment& segment, Side from, const Mark& mark);
    void begin_streams(const TcpPacket& packet, Side from);
    [[nodiscard]] Segment describe(const TcpPacket& packet, Side from, const Found& found);
    [[nodiscard]] tcp::Kind kind_of(const TcpPacket& packet, Side from) const;
    void count(const Segment& segment, const Carried& carried, Half& half, End& end);
    void note_traits(const TcpPacket& packet, const Segment& segment, Half& half, End& end);
    static void note_asked(const Segment& segment, Half& half);
    static void note_answered(const Segment& segment, Half& others);
    void correct_round_trip();
    void note_bytes(const Segment& segment, std::uint64_t hash, Half& half);
    void store(Segment segment, TcpPacket& packet, Budget& budget);

    // tracker_end.cpp
    void decide_end();
    [[nodiscard]] bool lost(Side side) const;
    void tell_handshake(Findings& into) const;
    void tell_options(Findings& into) const;
    void tell_end(Findings& into, Duration end) const;
    void tell_side(Side side, Findings& into) const;
    void tell_capture(Findings& into, Duration end) const;
    void tell_icmp(Findings& into) const;

    Conversation told_;
    std::array<Half, 2> halves_{};
    Silences silences_;
    std::vector<Oddity> oddities_;
    std::array<Fingerprint, 16> recent_{};
    std::uint8_t recent_next_ = 0;
    Tally duplicates_;
    Tally icmp_;
    std::vector<Icmp> icmp_errors_;  ///< the first of them
    Mark syn_ack_;
    Mark handshake_;  ///< the ACK of the SYN+ACK
    bool synchronized_ = false;
    bool keep_ = false;
};

/// Where the capture was made, by the two parts of the round trip and by TTLs, and why.
void find_perspective(Conversation& told);

}  // namespace ghostpeer::capture
