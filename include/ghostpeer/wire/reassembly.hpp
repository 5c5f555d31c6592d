// IP fragments, put together again (RFC 791, 3.2; RFC 8200, 4.5).
#pragma once

#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace ghostpeer::wire {

/// Bounded in memory and in time, as an ordinary host's. A fragment that overlaps another takes
/// its packet with it (RFC 5722; Linux does so in both families); one that came twice does not.
class Reassembly {
  public:
    struct Limits {
        std::size_t bytes = std::size_t{4} << 20U;  ///< ipfrag_high_thresh, ip6frag_high_thresh
        /// From a packet's first fragment on: ipfrag_time, ip6frag_time.
        Duration patience_v4 = std::chrono::seconds(30);
        Duration patience_v6 = std::chrono::seconds(60);
    };

    enum class Result : std::uint8_t {
        held,     ///< others are still to come
        whole,    ///< `packet()` is the packet
        refused,  ///< is no proper fragment, overlaps, or there is no room for it
    };

    Reassembly() = default;
    explicit Reassembly(const Limits& limits) : limits_(limits) {}

    /// `fragment`: an IP packet that `decode` calls one. What has expired is not looked at here:
    /// `expire` comes first. Never throws.
    [[nodiscard]] Result add(std::span<const std::uint8_t> fragment, Instant now) noexcept;
    /// The packet as it was before it was cut; until the next `add`.
    [[nodiscard]] std::span<const std::uint8_t> packet() const noexcept { return whole_; }

    /// When `expire` may have something to do; nothing is due before.
    [[nodiscard]] std::optional<Instant> next_expiry() const noexcept { return next_expiry_; }
    /// Gives up those whose time is over, and says how many.
    std::size_t expire(Instant now) noexcept;

    /// Packets of which some fragments are here.
    [[nodiscard]] std::size_t size() const noexcept { return pending_.size(); }
    /// What they take, never more than `Limits::bytes`.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  private:
    struct Key {
        IpAddress source;
        IpAddress destination;
        std::uint32_t id = 0;
        std::uint8_t protocol = 0;  ///< IPv4 only: RFC 8200 has none in its key
        friend bool operator==(const Key&, const Key&) = default;
        // NOLINTNEXTLINE(modernize-use-nullptr): it takes the comparison with 0 for a pointer's
        friend auto operator<=>(const Key&, const Key&) = default;
    };
    struct Pending {
        Instant expires{};
        Bytes head;                          ///< the packet's headers, from its first fragment
        std::uint8_t codepoint = 0;          ///< of ECN, in the first fragment
        std::map<std::size_t, Bytes> parts;  ///< by offset; no two overlap
        std::size_t end = 0;                 ///< the farthest byte that is known of
        bool last_is_here = false;           ///< then `end` is the packet's
        std::size_t size = 0;                ///< of all parts
        std::uint8_t codepoints = 0;         ///< a bit for each that was seen
        std::size_t cost = 0;                ///< its share of `bytes_`
    };
    using Packets = std::map<Key, Pending>;
    struct Piece;

    [[nodiscard]] Result take(const Piece& piece, Instant now);
    /// All of the packet is here: it is made, and forgotten.
    [[nodiscard]] Result join(Packets::iterator packet);
    Packets::iterator forget(Packets::iterator packet) noexcept;

    Limits limits_;
    Packets pending_;
    std::size_t bytes_ = 0;
    std::optional<Instant> next_expiry_;  ///< of a packet that may be whole meanwhile
    Bytes whole_;
};

}  // namespace ghostpeer::wire
