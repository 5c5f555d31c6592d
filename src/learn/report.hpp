// What stands beside a profile: how far the capture was understood, and what was not.
#pragma once

#include "learn/learn.hpp"

#include <string>
#include <vector>

namespace ghostpeer::learn {

[[nodiscard]] std::string report(const std::vector<const capture::Conversation*>& attempts,
                                 const std::vector<Account>& accounts, const Options& options);
/// Who spoke with whom: `198.18.0.1:40000 -> 198.18.0.2:80`.
[[nodiscard]] std::string ends_of(const capture::Conversation& conversation, bool redact);

/// On one line; without its path where that is not to be told.
[[nodiscard]] std::string name_of_capture(const Options& options);
/// The oddity's words, without the address of who sent an ICMP error where that is not to be told.
[[nodiscard]] std::string words_of(const capture::Oddity& oddity, bool redact);

}  // namespace ghostpeer::learn
