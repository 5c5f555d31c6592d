// How an address is claimed on a network segment, and kept or given up: RFC 5227 for IPv4, RFC 4862
// (5.4) for IPv6. No I/O; instants are arguments.
#pragma once

#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <optional>

namespace ghostpeer::link {

/// Waits and repetitions of a claim.
struct ClaimTiming {
    Duration first_wait{};         ///< PROBE_WAIT: the first probe waits at random up to this
    unsigned probes = 1;           ///< PROBE_NUM
    Duration probe_min{};          ///< PROBE_MIN: the least between two probes
    Duration probe_max{};          ///< PROBE_MAX
    Duration last_wait{};          ///< ANNOUNCE_WAIT: silence after the last probe makes it ours
    unsigned announcements = 1;    ///< ANNOUNCE_NUM
    Duration announce_interval{};  ///< ANNOUNCE_INTERVAL
    Duration defend_interval{};    ///< DEFEND_INTERVAL: two conflicts within it: give way

    /// RFC 5227, 1.1.
    [[nodiscard]] static ClaimTiming rfc5227() noexcept;
    /// RFC 4862, 5.4.2 with DupAddrDetectTransmits 1 and RetransTimer 1 s (RFC 4861, 10); what it
    /// leaves open, how an address in use is defended, is as in RFC 5227.
    [[nodiscard]] static ClaimTiming rfc4862() noexcept;
    /// The same with every wait before the claim shortened so that the longest time that probing
    /// can take is `whole`; longer ones than its own are not made.
    [[nodiscard]] ClaimTiming within(Duration whole) const noexcept;
    /// The longest time that probing can take.
    [[nodiscard]] Duration longest() const noexcept;
};

/// One address.
class Claim {
  public:
    enum class State : std::uint8_t {
        probing,  ///< not ours yet: nothing may be answered for it
        claimed,
        taken,  ///< somebody had it before us; final
        lost,   ///< somebody wanted it more (RFC 5227, 2.4); final
    };
    /// What is to be sent at once.
    enum class Send : std::uint8_t { nothing, probe, announcement };
    /// What another host's packet says.
    enum class Rival : std::uint8_t {
        uses,   ///< it has the address
        wants,  ///< it probes for the address, as we may do
    };

    /// `seed` decides the random waits.
    Claim(const ClaimTiming& timing, std::uint64_t seed, Instant now) noexcept;

    [[nodiscard]] State state() const noexcept { return state_; }
    /// Carries out what is due; before the deadline it does nothing.
    [[nodiscard]] Send on_time(Instant now) noexcept;
    [[nodiscard]] std::optional<Instant> next_deadline() const noexcept { return deadline_; }
    /// A packet of another host that concerns the address. An answer to a host that probes for an
    /// address of ours is not part of this: it is what every host answers.
    [[nodiscard]] Send on_rival(Rival rival, Instant now) noexcept;
    /// The address is not ours any more, for whatever reason.
    void give_up() noexcept;

  private:
    [[nodiscard]] Duration between(Duration least, Duration most) noexcept;

    ClaimTiming timing_;
    std::uint64_t random_;
    State state_ = State::probing;
    unsigned sent_ = 0;  ///< probes, then announcements
    std::optional<Instant> deadline_;
    std::optional<Instant> last_conflict_;
};

}  // namespace ghostpeer::link
