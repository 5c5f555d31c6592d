// What rules on `received "TEXT"` have seen of a connection's stream.
#pragma once

#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/wire/segment.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace ghostpeer::flows {

class StreamWatch {
  public:
    /// What has come since the last time: the end of what can be read, and how much came in all.
    void hear(std::span<const std::uint8_t> readable, std::uint64_t received);
    /// How often the rule's patterns came since this was called last. A rule that was not asked for
    /// before sees what has just come, and nothing older.
    [[nodiscard]] std::size_t count(const profile::Rule& rule);
    /// What has been looked at is forgotten, but for what a match may begin with.
    void forget();
    [[nodiscard]] std::size_t held() const noexcept;

  private:
    /// Places are offsets in the stream.
    struct Search {
        std::uint64_t from = 0;    ///< no match that matters begins before it
        std::uint64_t looked = 0;  ///< and none is found in what came before this
        std::optional<std::pair<std::uint64_t, std::uint64_t>> next;  ///< begin and end
    };
    struct Searches {
        std::uint64_t from = 0;  ///< behind the last match that was counted
        std::vector<Search> of;  ///< by index of Rule::on
    };

    void look(Search& search, const profile::Pattern& pattern, std::uint64_t from) const;

    wire::Bytes kept_;                          ///< the end of the stream
    std::uint64_t begin_ = 0;                   ///< the place of its first byte
    std::uint64_t news_ = 0;                    ///< where what came last begins
    std::uint64_t heard_ = 0;                   ///< bytes of the stream
    std::map<std::size_t, Searches> searches_;  ///< by Rule::id
};

}  // namespace ghostpeer::flows
