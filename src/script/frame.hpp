// How long a frame is, by the number in it.
#pragma once

#include "ghostpeer/profile/script.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace ghostpeer::script {

struct FrameSize {
    bool possible = true;                ///< false: no frame has such a number
    std::optional<std::uint64_t> bytes;  ///< of the whole frame; unset: too little has come
};

[[nodiscard]] FrameSize frame_size(const profile::LengthField& field,
                                   std::span<const std::uint8_t> bytes) noexcept;

}  // namespace ghostpeer::script
