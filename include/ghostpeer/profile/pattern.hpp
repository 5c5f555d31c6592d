// Text that has to be found in what a program prints or sends.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace re2 {
class RE2;
}

namespace ghostpeer::profile {

/// Does it stand between slashes?
[[nodiscard]] bool is_expression(std::string_view text) noexcept;

/// A pattern that is a text has no more bytes.
inline constexpr std::size_t most_pattern_bytes = 64 * 1024;

/// A text, or `/…/`: a regular expression in RE2's syntax, which takes time and memory in
/// proportion to the text whatever it says. `.` matches no line end; `^` and `$` match at each
/// line.
class Pattern {
  public:
    /// The error is a clause: `missing ): a(b`.
    [[nodiscard]] static tl::expected<Pattern, std::string> parse(std::string_view text);
    /// These bytes, also where they look like an expression.
    [[nodiscard]] static Pattern of_text(std::string text);

    [[nodiscard]] bool found_in(std::string_view text) const;

    struct Match {
        std::size_t begin = 0;
        std::size_t end = 0;
        std::vector<std::string> groups;  ///< by their numbers from 1; empty where one has no part
    };
    /// The first place from `from` on.
    [[nodiscard]] std::optional<Match> find(std::string_view text, std::size_t from = 0) const;
    /// Groups that an expression has.
    [[nodiscard]] int groups() const noexcept;
    /// The bytes themselves are looked for, and there are so many; 0: it is an expression.
    [[nodiscard]] std::size_t fixed_size() const noexcept { return expression_ ? 0 : text_.size(); }
    /// As it was written.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    Pattern() = default;

    std::string text_;
    std::shared_ptr<const re2::RE2> expression_;  ///< null: the text itself is looked for
};

}  // namespace ghostpeer::profile
