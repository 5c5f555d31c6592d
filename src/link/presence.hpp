// The peer's presence on a network segment: the addresses that it claims, what it answers there,
// and whom it knows. No I/O; instants are arguments.
#pragma once

#include "link/claim.hpp"
#include "link/neighbour_frames.hpp"
#include "link/neighbour_table.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace ghostpeer::link {

/// An address of the peer, and the addresses that are reached from it without a router.
struct OwnAddress {
    wire::IpAddress address;
    unsigned prefix = 0;  ///< bits, 0..32 or 0..128

    /// Is `other` of the same family and in the same network?
    [[nodiscard]] bool reaches(const wire::IpAddress& other) const noexcept;
};

struct PresenceSpec {
    MacAddress own{};
    std::vector<OwnAddress> addresses;
    std::vector<wire::IpAddress> gateways;  ///< for what no network of `addresses` has
    ClaimTiming v4 = ClaimTiming::rfc5227();
    ClaimTiming v6 = ClaimTiming::rfc4862();
    std::uint64_t seed = 1;
};

class Presence {
  public:
    Presence(PresenceSpec spec, Instant now);

    /// What became of an address.
    struct Change {
        wire::IpAddress address;
        Claim::State state{};
        std::optional<MacAddress> rival;  ///< of taken and lost; unset: this host itself
        bool defended = false;            ///< still claimed, but another host wanted it
    };

    /// A frame that arrived, of whatever kind.
    void on_frame(ByteView frame, Instant now);
    /// This host itself has been given the address.
    void on_host_address(const wire::IpAddress& address);
    void on_time(Instant now);
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept;

    /// Moves the frames that are to leave to the end of `into`, in order.
    void take_frames(std::vector<Frame>& into);
    [[nodiscard]] std::vector<Change> take_changes();

    /// Is every address claimed, taken or lost?
    [[nodiscard]] bool settled() const noexcept;
    /// The addresses that are ours now.
    [[nodiscard]] std::vector<wire::IpAddress> held() const;
    /// May nothing leave from this address, because it was given up?
    [[nodiscard]] bool gave_up(const wire::IpAddress& address) const noexcept;

    /// A packet came from there.
    void learn(const wire::IpAddress& address, const MacAddress& mac) {
        neighbours_.learn(address, mac);
    }
    /// Where a packet to this address goes; null: `park` it.
    [[nodiscard]] const MacAddress* find(const wire::IpAddress& destination) const;
    /// Keeps a packet while its destination is looked for; a few for each, and of a few
    /// destinations. What finds no room or no answer within three seconds is dropped.
    void park(const wire::IpAddress& destination, ByteView packet);
    /// Moves parked packets whose way is known now to the end of `into`.
    void take_released(std::vector<std::vector<std::uint8_t>>& into);

  private:
    struct Own {
        OwnAddress own;
        Claim claim;
    };
    struct Wanted {
        std::vector<std::vector<std::uint8_t>> packets;
        unsigned asked = 0;
        std::optional<Instant> next;  ///< unset: at once
    };

    void carry_out(const Own& own, Claim::Send what);
    void note(const Own& own, std::optional<MacAddress> rival, bool defended = false);
    void answer(Own& own, const NeighbourMessage& message, Instant now);
    void report_listening();
    void ask_for(const wire::IpAddress& neighbour);
    [[nodiscard]] wire::IpAddress next_hop(const wire::IpAddress& destination) const;

    PresenceSpec spec_;
    std::vector<Own> own_;
    NeighbourTable neighbours_;
    std::unordered_map<wire::IpAddress, Wanted> wanted_;
    std::vector<Frame> frames_;
    std::vector<Change> changes_;
    std::vector<std::vector<std::uint8_t>> released_;
    std::vector<wire::IpAddress> gave_up_;
};

}  // namespace ghostpeer::link
