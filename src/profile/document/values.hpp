// Values from text, and from entries of the tree with the errors that they may have.
#pragma once

#include "ghostpeer/profile/loader.hpp"
#include "ghostpeer/profile/profile.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "profile/document/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::profile {

// Text -> value; nothing for any other text ---------------------------------------------------

/// Letters, digits, `_` and `-`, the first of them a letter or `_`.
[[nodiscard]] bool is_name(std::string_view text) noexcept;
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);
/// `10KiB/s`, at least 1 byte per second.
[[nodiscard]] std::optional<Rate> parse_rate(std::string_view text);
/// `30%` -> 0.3; from 0% to 100%.
[[nodiscard]] std::optional<double> parse_percentage(std::string_view text);
/// Letters of SFRPAUEC in any order, none twice.
[[nodiscard]] std::optional<wire::Flags> parse_flags(std::string_view text);
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);

using ParseBound = std::optional<std::uint64_t> (*)(std::string_view text);
/// `5`, `>= 5`, `<= 5`, `> 5`, `< 5`, `2..4`, `2..`, `..4`. Where nothing can be in it, `least` is
/// greater than `most`.
[[nodiscard]] std::optional<Range> parse_range(std::string_view text, ParseBound parse_bound);
/// A time in nanoseconds, as the bound of a range.
[[nodiscard]] std::optional<std::uint64_t> parse_time_bound(std::string_view text);

// Entry -> value; where it is something else, that is reported and nothing returned ----------

/// `KEY takes FORM, not …`, after what stands there.
void report_wrong_type(const Entry& entry, std::string_view form, Errors& errors);

/// Is it of that type? If not, that is reported: `KEY takes FORM, not a list`.
[[nodiscard]] bool expect_type(const Entry& entry, YamlNode::Type type, std::string_view form,
                               Errors& errors);

[[nodiscard]] std::optional<std::string> read_text(const Entry& entry, Errors& errors);
[[nodiscard]] std::optional<bool> read_bool(const Entry& entry, Errors& errors,
                                            std::string_view before = "");
/// A whole number in [least, most]; `before` names what else may stand there ("`off` or ").
[[nodiscard]] std::optional<std::uint64_t> read_number(const Entry& entry, std::uint64_t least,
                                                       std::uint64_t most, Errors& errors,
                                                       std::string_view before = "");
[[nodiscard]] std::optional<std::uint64_t> read_size(const Entry& entry, std::uint64_t least,
                                                     std::uint64_t most, Errors& errors,
                                                     std::string_view before = "");
[[nodiscard]] std::optional<Duration> read_time(const Entry& entry, Errors& errors,
                                                std::string_view before = "");
[[nodiscard]] std::optional<Rate> read_rate(const Entry& entry, Errors& errors);
[[nodiscard]] std::optional<wire::Flags> read_flags(const Entry& entry, Errors& errors);

/// Is the entry the given word?
[[nodiscard]] bool is_word(const Entry& entry, std::string_view word) noexcept;

}  // namespace ghostpeer::profile
