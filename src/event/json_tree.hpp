// A line of JSON that was read: its values in the order of the text. One tree reads one line after
// the other, and keeps its memory meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::event {

class JsonTree {
  public:
    enum class Kind : std::uint8_t { null, boolean, integer, natural, real, text, list, object };

    struct Value {
        Kind kind = Kind::null;
        bool truth = false;     ///< of a boolean
        std::uint32_t end = 0;  ///< the value behind this one and all its parts
        std::uint32_t key = 0;  ///< where the member's name begins; of members alone
        std::uint32_t key_size = 0;
        std::uint32_t text = 0;  ///< where it begins; of a text, and of a real number
        std::uint32_t text_size = 0;
        std::int64_t integer = 0;  ///< below 0
        std::uint64_t natural = 0;
    };

    static constexpr std::size_t deepest = 32;
    static constexpr std::size_t most_values = std::size_t{1} << 19U;

    /// False where it is no JSON, or more than the bounds allow; see `problem`.
    [[nodiscard]] bool parse(std::string_view line);
    /// How it goes on: `is no JSON from byte 17 on`.
    [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

    [[nodiscard]] const Value& root() const noexcept { return values_.front(); }
    [[nodiscard]] std::string_view key(const Value& value) const noexcept {
        return {texts_.data() + value.key, value.key_size};
    }
    [[nodiscard]] std::string_view text(const Value& value) const noexcept {
        return {texts_.data() + value.text, value.text_size};
    }

    /// Calls `each` with every part of a list or an object, in order, until it says false.
    template <typename Each>
    bool for_each(const Value& whole, Each each) const {
        for (std::size_t at = static_cast<std::size_t>(&whole - values_.data()) + 1; at < whole.end;
             at = values_[at].end) {
            if (!each(values_[at])) {
                return false;
            }
        }
        return true;
    }
    /// Of an object; null: it has none of that name.
    [[nodiscard]] const Value* find(const Value& object, std::string_view name) const;

  private:
    class Builder;

    std::vector<Value> values_;
    std::string texts_;
    std::vector<std::uint32_t> open_;  ///< lists and objects that have not ended
    std::string problem_;
};

}  // namespace ghostpeer::event
