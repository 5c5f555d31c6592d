// Looks for a pattern in a stream of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::rules {

/// Takes time in proportion to what it looks at, whatever the pattern is, and needs no bytes that
/// came before (Knuth, Morris and Pratt: "Fast pattern matching in strings", 1977).
class Needle {
  public:
    /// Not empty.
    explicit Needle(std::string pattern);

    /// The number of bytes up to the end of the first occurrence; npos: there is none. `matched`:
    /// how much of the pattern the bytes before end with; zero for the first ones.
    [[nodiscard]] std::size_t find(std::string_view text, std::size_t& matched) const noexcept;

    static constexpr std::size_t npos = std::string_view::npos;

  private:
    std::string pattern_;
    /// By length of a beginning: the longest shorter one that it ends with.
    std::vector<std::uint32_t> shorter_;
};

}  // namespace ghostpeer::rules
