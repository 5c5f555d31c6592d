// Text that has to be found in a program's output.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace re2 {
class RE2;
}

namespace ghostpeer::profile {

/// A text, or `/…/`: a regular expression in RE2's syntax, which takes time and memory in
/// proportion to the text whatever it says. `.` matches no line end; `^` and `$` match at each
/// line.
class Pattern {
  public:
    /// The error is a clause: `missing ): a(b`.
    [[nodiscard]] static tl::expected<Pattern, std::string> parse(std::string_view text);

    [[nodiscard]] bool found_in(std::string_view text) const;
    /// As it was written.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    Pattern() = default;

    std::string text_;
    std::shared_ptr<const re2::RE2> expression_;  ///< null: the text itself is looked for
};

}  // namespace ghostpeer::profile
