// Cookies of TCP Fast Open (RFC 7413): those that arrive, and the peer's own.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/tcp/environment.hpp"
#include "ghostpeer/wire/mangle.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <string>

namespace ghostpeer::rules {
struct Forged;
}

namespace ghostpeer::flows {

class Cookies {
  public:
    explicit Cookies(std::uint64_t seed) noexcept : seed_(seed) {}

    /// A SYN has arrived, in this packet; what it says is remembered until it opens.
    void note(const wire::Segment& syn, std::span<const std::uint8_t> packet);
    /// A rule has changed the SYN of this flow, and `read` is what the peer reads of that. The
    /// option, which the codec does not write, stays on one that is changed otherwise.
    void note_change(const wire::Flow& flow, const rules::Forged& changed, wire::Segment& read);
    /// What a SYN asks for that opens now.
    [[nodiscard]] tcp::FastOpen take(const Connection& connection, const wire::Segment& syn);
    /// The option that a segment brings which leaves: empty unless it is a SYN-ACK that says so and
    /// has room for it behind what a rule adds (`lie`, or null), and no rule brings another one.
    /// Where there is no room, the segment says so no more.
    [[nodiscard]] wire::Bytes option(const wire::Flow& flow, wire::Segment& segment,
                                     const wire::Distortion* lie) const;

  private:
    void put(const wire::Flow& flow, std::span<const std::uint8_t> options);
    [[nodiscard]] wire::Bytes own(const wire::Flow& flow) const;

    std::uint64_t seed_;
    tsl::robin_map<wire::Flow, wire::Bytes, wire::FlowHash> arrived_;
};

}  // namespace ghostpeer::flows
