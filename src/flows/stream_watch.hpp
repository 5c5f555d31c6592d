// What rules on `received "TEXT"` have seen of a connection's stream.
#pragma once

#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

namespace ghostpeer::flows {

class StreamWatch {
  public:
    /// What has come since the last time: the end of what can be read, and how much came in all.
    void hear(std::span<const std::uint8_t> readable, std::uint64_t received);
    /// How often the rule's patterns came since this was called last; of an expression matches are
    /// seen that are no longer than what is kept.
    [[nodiscard]] std::size_t count(const profile::Rule& rule);
    /// What has been looked at is forgotten, but for what a match may begin with.
    void forget();
    [[nodiscard]] std::size_t held() const noexcept { return kept_.capacity(); }

  private:
    wire::Bytes kept_;                           ///< the end of the stream
    std::uint64_t heard_ = 0;                    ///< bytes of the stream
    std::map<std::size_t, std::size_t> looked_;  ///< by Rule::id: where in it to look on
};

}  // namespace ghostpeer::flows
