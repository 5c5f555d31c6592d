// How the peer's packets look, and the way to it.
#pragma once

#include "capture/conversation.hpp"
#include "learn/draft.hpp"
#include "learn/rehearsal.hpp"
#include "learn/scene.hpp"

#include <string>
#include <vector>

namespace ghostpeer::learn {

/// `ip`, `link`, and what of `tcp` can be told without a rehearsal.
void note_looks(const Scene& scene, const capture::Conversation& conversation, Draft& draft,
                std::vector<std::string>& remarks);

/// `tcp`: where the peer's SYN or SYN-ACK differs from that of the rehearsal.
void note_opening(const Scene& scene, const std::vector<Line>& captured, const Rehearsed& honest,
                  const capture::Conversation& conversation, Draft& draft);

}  // namespace ghostpeer::learn
