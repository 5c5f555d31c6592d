// What a phrase comes to, with what the program said before.
#pragma once

#include "ghostpeer/profile/script.hpp"

#include <span>
#include <string>

namespace ghostpeer::script {

/// A capture that nothing was found for is empty. No more than `most_awaited` bytes for each of
/// its parts, of which a profile has few.
[[nodiscard]] wire::Bytes fill_in(const profile::Phrase& phrase,
                                  std::span<const std::string> captures);

}  // namespace ghostpeer::script
