// How many words each enumeration of the record has; `name` says which.
#pragma once

#include "ghostpeer/event/event.hpp"
#include "ghostpeer/event/run.hpp"
#include "ghostpeer/event/tally.hpp"
#include "ghostpeer/tcp/names.hpp"
#include "ghostpeer/wire/codec.hpp"
#include "ghostpeer/wire/icmp.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::event {

template <typename Enum>
inline constexpr std::size_t word_count = 0;
template <>
inline constexpr std::size_t word_count<tcp::State> = tcp::state_count;
template <>
inline constexpr std::size_t word_count<tcp::Kind> = tcp::kind_count;
template <>
inline constexpr std::size_t word_count<tcp::Reason> = tcp::reason_count;
template <>
inline constexpr std::size_t word_count<wire::IcmpKind> = wire::icmp_kind_count;
template <>
inline constexpr std::size_t word_count<Direction> = 2;
template <>
inline constexpr std::size_t word_count<Fate> = 8;
template <>
inline constexpr std::size_t word_count<OnTheWay> = 3;
template <>
inline constexpr std::size_t word_count<SocketTimer> = 5;
template <>
inline constexpr std::size_t word_count<Ending> = ending_count;
template <>
inline constexpr std::size_t word_count<Ended> = 7;
template <>
inline constexpr std::size_t word_count<wire::Oddity> = wire::oddity_count;

/// `"odd" is none of in, out`, for messages.
[[nodiscard]] std::string unknown_word(std::string_view word,
                                       const std::vector<std::string_view>& known);

}  // namespace ghostpeer::event
