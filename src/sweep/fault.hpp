// The faults of a sweep: each is a word, and a rule at each position where it can be.
#pragma once

#include "sweep/position.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

struct FaultWord {
    std::string_view name;         ///< `refuse-next`
    std::string_view explanation;  ///< a line
};
/// The set that is tried unless another one is asked for, in the order in which they are shown.
[[nodiscard]] std::span<const FaultWord> fault_words() noexcept;

/// A word, or actions that a user has written.
struct Fault {
    std::string name;
    std::string actions;  ///< as `do:` takes them; empty: the word says it
};

/// `lose,reset` as faults; a word that is none is an error, a complete sentence.
[[nodiscard]] tl::expected<std::vector<Fault>, std::string> parse_faults(std::string_view text);
/// The words and their explanations, for people.
[[nodiscard]] std::string explain_faults();

/// Actions that a user has written into a file, with or without `do:` before them; its name is the
/// fault's. Whether they are such as a profile takes, its reader says. The error is a complete
/// sentence.
[[nodiscard]] tl::expected<Fault, std::string> read_fault(const std::string& file);

/// `rules:` of a profile, and `phases:` where it takes any; not set: the fault cannot be there.
[[nodiscard]] std::optional<std::string> write_rules(const Fault& fault, const Position& position);

}  // namespace ghostpeer::sweep
