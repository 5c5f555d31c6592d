// The connections that client profiles open: when each is due, from which address and port.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "ghostpeer/wire/address.hpp"
#include "ghostpeer/wire/address_block.hpp"
#include "ghostpeer/wire/time.hpp"
#include "rules/behaviour.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ghostpeer::dialling {

/// Where a peer dials from and to.
struct Station {
    std::size_t peer = 0;  ///< index among the engine's peers
    wire::IpAddress from;
    wire::Endpoint to;
    std::vector<std::uint16_t> ports;         ///< that it may have; empty: the ephemeral ones
    std::vector<wire::AddressBlock> sources;  ///< of the family; empty: `from` alone
    std::uint64_t source_count = 1;
    std::uint32_t port_offset = 0;  ///< among the ports, of the next one to try
    std::uint32_t planned = 0;      ///< connections so far, of all campaigns
    std::optional<Instant> last;    ///< began a connection
};

/// The connections that a peer opens from one moment on.
struct Campaign {
    rules::Behaviour* behaviour = nullptr;
    std::size_t station = 0;
    std::uint32_t first = 0;  ///< the number of its first connection among all of the station
    std::uint32_t left = 0;
    std::uint32_t made = 0;
    Instant begin{};
    Instant next{};
    event::ConnectionId waits_for = 0;  ///< with `after`: the one before the next; 0: none

    [[nodiscard]] const profile::Client& client() const noexcept {
        return behaviour->profile->client;
    }
};

/// How the peers behave now, by their index; null: the peer is gone.
using Behaviours = std::vector<rules::Behaviour*>;

class Campaigns {
  public:
    /// A peer may dial: what has no command begins now, what has one as often as it was fired
    /// before. `random` says where its ports begin.
    void add(Station station, const Behaviours& behaviours, std::uint32_t random, Instant now);
    /// Begins what waits for the command. Returns how many connections that are.
    std::size_t fire(std::string_view command, const Behaviours& behaviours, Instant now);
    [[nodiscard]] static bool waits_for(std::string_view command, const Behaviours& behaviours);
    /// So many wait already that one was left out; tells it once.
    [[nodiscard]] bool take_overflow() noexcept { return std::exchange(overflow_, false); }

    /// When the next connection is due; Instant::max() where none is.
    [[nodiscard]] Instant next() const noexcept;
    /// Connections that are still to be opened.
    [[nodiscard]] std::uint64_t left() const noexcept;
    [[nodiscard]] bool empty() const noexcept { return campaigns_.empty(); }
    [[nodiscard]] const std::vector<Campaign>& all() const noexcept { return campaigns_; }

    /// The places of a campaign's next connection, in the order in which to try them; nothing where
    /// `usable` takes none.
    [[nodiscard]] std::optional<wire::Flow> next_flow(
        const Campaign& campaign, const std::function<bool(const wire::Flow&)>& usable);

    /// By index, from 0 on: opening one may change the others, but adds none.
    [[nodiscard]] Campaign& operator[](std::size_t index) { return campaigns_[index]; }
    [[nodiscard]] Station& station_of(const Campaign& campaign) {
        return stations_[campaign.station];
    }
    /// The connection has ended, or the program has said something on it: the next may begin.
    void go_on_after(event::ConnectionId id, bool over, bool answered, Instant now);
    /// The peer is gone, and opens no more.
    void forget(std::size_t peer);
    /// Drops those that have opened all of theirs.
    void drop_done();

  private:
    void begin(std::size_t index, const Behaviours& behaviours, Instant now);

    std::vector<Station> stations_;
    std::vector<Campaign> campaigns_;
    std::map<std::string, std::uint32_t, std::less<>> fired_early_;
    bool overflow_ = false;
};

/// May the connection after this one begin?
[[nodiscard]] inline bool has_come_to(profile::After after, bool over, bool answered) noexcept {
    return over || (after == profile::After::response && answered);
}

}  // namespace ghostpeer::dialling
