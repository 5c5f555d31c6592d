// From a capture's packets to its conversations, in one pass and in bounded memory.
#pragma once

#include "capture/conversation.hpp"
#include "packets/capture_file.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace ghostpeer::capture {

/// Which conversations keep their segments. Nothing named: none does.
struct Keep {
    std::vector<std::uint32_t> numbers;  ///< `--conn`
    std::optional<wire::Endpoint> peer;  ///< `--peer`: all to this server; port 0: any
    bool all = false;                    ///< as many as the bounds below permit
};

struct ReadOptions {
    Keep keep;
    /// Only conversations with this end are told; port 0: any. Numbers stay as they are.
    std::optional<wire::Endpoint> only;
    std::optional<Perspective> from;  ///< `--from`: what the user knows better

    // What is kept at most; where one is hit, the notes and the conversation say so.
    std::size_t most_conversations = 100'000;
    std::size_t most_at_once = 20'000;                         ///< of these, while they go on
    std::size_t most_segments = 200'000;                       ///< of all conversations together
    std::size_t most_payload = std::size_t{64} * 1024 * 1024;  ///< likewise

    /// Told now and then how much has been read.
    std::function<void(std::uint64_t position, std::uint64_t size)> progress;
};

/// Reads the file to its end, or as far as it can be read: then the notes say why.
[[nodiscard]] Capture read_capture(packets::CaptureFile& file, const ReadOptions& options);

}  // namespace ghostpeer::capture
