// What a segment is to its connection, what the connection learns from it, and what it holds.
#pragma once

#include "flows/connection.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace ghostpeer::flows {

/// Occupies sequence space that has been seen before, whether the peer took it or not.
[[nodiscard]] bool is_retransmission(const Connection& connection, const wire::Segment& segment);
[[nodiscard]] tcp::Kind kind_of(const Connection& connection, const wire::Segment& segment);
/// The program's initial number, from its answer to the peer's SYN.
void note_answer(Connection& connection, const wire::Segment& segment, tcp::Kind kind);
/// What both SYNs have agreed on.
void note_options(Connection& connection);
/// The shift of the window in this segment; SYN segments carry it unscaled (RFC 7323, 2.2).
[[nodiscard]] std::uint32_t window_bytes(const Connection& connection,
                                         const wire::Segment& segment);
/// Where a connection stands once the peer's TCP has sent this.
void note_ending(Connection& connection, tcp::Reason reason);
/// A connection counts its packets; what leaves before there is one, or without one, has no number
/// (Linux: ip_build_and_send_pkt, ip_select_ident).
[[nodiscard]] std::uint16_t identification(const Connection& connection,
                                           const wire::Segment& segment);
/// Does this RST, of which the peer's TCP knows nothing, end the program's connection? It does at
/// exactly the number that is next (RFC 5961, 3.2), and in answer to a SYN with its number.
[[nodiscard]] bool ends_program(const Connection& connection, const wire::Segment& rst);
/// Bytes, in all of its queues.
[[nodiscard]] std::size_t held_by(const Connection& connection) noexcept;

/// The trail of a segment that came; null: nobody follows it.
void follow_arrival(event::Trail* trail, const wire::Segment& segment, tcp::Kind kind,
                    bool retransmission, Instant now);
/// And of one that left. `there`: when the program sees it; unset: never.
void follow_departure(event::Trail* trail, wire::Flags flags, std::optional<Instant> there);

}  // namespace ghostpeer::flows
