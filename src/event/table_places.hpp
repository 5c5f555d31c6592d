// Places in profiles, which many tables have.
#pragma once

#include "event/codec.hpp"

namespace ghostpeer::event {

template <>
struct Described<profile::Place> {
    [[nodiscard]] static std::span<const Field> fields() noexcept;
};

}  // namespace ghostpeer::event
