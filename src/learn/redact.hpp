// A conversation whose bytes say nothing any more.
#pragma once

#include "learn/scene.hpp"

namespace ghostpeer::learn {

/// Payloads become bytes of the same length and framing: line ends stay, of a head of HTTP the
/// method, the status and the names stay and what frames the body, of messages that begin with
/// their length that length. Everything else becomes `x`, or zero.
void redact(Scene& scene);

/// The same for the bytes of one turn of one side.
[[nodiscard]] wire::Bytes redacted(const wire::Bytes& bytes);

}  // namespace ghostpeer::learn
