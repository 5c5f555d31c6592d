// The tables: the fields of each event, in the order in which they are written.
#pragma once

#include "event/field.hpp"
#include "ghostpeer/event/event.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace ghostpeer::event {

/// How much of a segment's payload the record carries, in bytes.
inline constexpr std::size_t payload_kept = 64;

/// One alternative of `Event::what`.
struct EventTable {
    std::string_view word;  ///< as `event` says it
    std::string_view doc;
    std::span<const Field> fields;
    std::size_t place = 0;  ///< among the alternatives
    /// What the fields belong to.
    const void* (*owner)(const Event& event);
    /// Makes the event one of these.
    void* (*make)(Event& event);
    /// After all was read: what follows from the rest; may be null.
    void (*settle)(Event& event) = nullptr;
};

/// `t`, which stands before `event`.
[[nodiscard]] std::span<const Field> time_field() noexcept;
/// What follows `event` in each.
[[nodiscard]] std::span<const Field> common_fields() noexcept;
/// What stands at the end, where an event has it.
[[nodiscard]] std::span<const Field> last_fields() noexcept;
/// All that a record has, in the order of its documentation.
[[nodiscard]] std::span<const EventTable> event_tables();

/// Null: such an event stands in no record.
[[nodiscard]] const EventTable* table_of(const Event& event);
/// Null: the word of an event that this version does not know.
[[nodiscard]] const EventTable* table_of(std::string_view word);

// Those of files of their own.
[[nodiscard]] std::span<const Field> segment_fields() noexcept;
[[nodiscard]] std::span<const Field> icmp_fields() noexcept;
[[nodiscard]] std::span<const Field> verdict_fields() noexcept;
[[nodiscard]] std::span<const Field> call_fields() noexcept;
[[nodiscard]] std::span<const Field> socket_fields() noexcept;
[[nodiscard]] std::span<const Field> exit_fields() noexcept;
[[nodiscard]] std::span<const Field> run_fields() noexcept;
[[nodiscard]] std::span<const Field> profile_fields() noexcept;
[[nodiscard]] std::span<const Field> end_fields() noexcept;
[[nodiscard]] std::span<const Field> connection_fields() noexcept;
[[nodiscard]] std::span<const Field> tally_fields() noexcept;
[[nodiscard]] std::span<const Field> counters_fields() noexcept;

}  // namespace ghostpeer::event
