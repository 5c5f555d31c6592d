// One conversation's way from a capture to a draft.
#pragma once

#include "learn/learn.hpp"
#include "learn/scene.hpp"

#include <cstddef>

namespace ghostpeer::learn {

struct Studied {
    Draft draft;
    Account account;
};

/// `effort`: segments that may be fed to rehearsals, all of them together.
[[nodiscard]] Studied study(const capture::Conversation& conversation, const Scene& scene,
                            bool strict, std::size_t effort, wire::PacketLibrary& packets);

/// A sheet that is only for a rehearsal.
[[nodiscard]] Sheet sheet_of(const Scene& scene, Draft draft);

}  // namespace ghostpeer::learn
