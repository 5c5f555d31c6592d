// Cookies of TCP Fast Open (RFC 7413): those that arrive, and the peer's own.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/tcp/environment.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>

namespace ghostpeer::peer {

class Cookies {
  public:
    explicit Cookies(std::uint64_t seed) noexcept : seed_(seed) {}

    /// A SYN has arrived, in this packet; what it says is remembered until it opens.
    void note(const wire::Segment& syn, std::span<const std::uint8_t> packet);
    /// A rule has put these options in the place of what the SYN said.
    void note_change(const wire::Flow& flow, const wire::Bytes& options);
    /// What a SYN asks for that opens now.
    [[nodiscard]] tcp::FastOpen take(const flows::Connection& connection, const wire::Segment& syn);
    /// The option, as it stands on a SYN-ACK.
    [[nodiscard]] wire::Bytes option(const wire::Flow& flow) const;

  private:
    [[nodiscard]] wire::Bytes own(const wire::Flow& flow) const;

    std::uint64_t seed_;
    tsl::robin_map<wire::Flow, wire::Bytes, wire::FlowHash> arrived_;
};

/// Has it the option among those that are told of it?
[[nodiscard]] bool has_fast_open(const wire::Options& options) noexcept;

}  // namespace ghostpeer::peer
