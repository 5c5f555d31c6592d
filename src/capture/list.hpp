// A capture's conversations, and what is odd in each, for people.
#pragma once

#include "capture/conversation.hpp"

#include <string>

namespace ghostpeer::capture {

/// `closed by the client`, `reset by the server`, `unanswered`
[[nodiscard]] std::string say_end(const Conversation& conversation);
/// The head, a line for each conversation, and one for each oddity; with line ends. `file`: its
/// name.
[[nodiscard]] std::string list_text(const Capture& capture, const std::string& file);

}  // namespace ghostpeer::capture
