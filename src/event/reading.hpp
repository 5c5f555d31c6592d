// What the reader of events hands down to the fields while it reads a line.
#pragma once

#include "event/json_tree.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace ghostpeer::event {

/// Texts that many events have: each is kept once, as long as the reader. Their number is bounded.
class SharedTexts {
  public:
    static constexpr std::size_t most = 4'096;
    static constexpr std::size_t longest = 256;

    /// Null: there are too many, or it is too long for a word.
    [[nodiscard]] const std::string* word(std::string_view text);
    /// Beyond the bound each has a copy of its own.
    [[nodiscard]] std::shared_ptr<const std::string> file(std::string_view text);

  private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };

    std::unordered_set<std::string, Hash, std::equal_to<>> words_;
    std::unordered_map<std::string, std::shared_ptr<const std::string>, Hash, std::equal_to<>>
        files_;
};

struct Reading {
    const JsonTree& tree;
    SharedTexts& texts;
    std::string field;    ///< where it went wrong: `rule.line`
    std::string problem;  ///< how it goes on: `is no whole number`

    [[nodiscard]] bool fail(std::string what) {
        problem = std::move(what);
        return false;
    }
};

}  // namespace ghostpeer::event
