// Requests that reached the peer, and those of them that did so twice.
#pragma once

#include "sweep/record.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::sweep {

/// A packet's payload, and where it belongs.
struct Payload {
    std::uint16_t source = 0;
    std::uint32_t sequence = 0;
    std::string bytes;
};

/// The TCP payloads of what `run --pcap` has written, up to the first that cannot be read.
[[nodiscard]] std::vector<Payload> payloads_in(std::string_view capture);

/// What each connection's peer was handed of the program's bytes, in order.
[[nodiscard]] std::vector<std::string> delivered(const RunRecord& record,
                                                 const std::vector<Payload>& payloads);

/// How many of them an earlier one has said as a whole. A request that only asks (GET, HEAD,
/// OPTIONS, TRACE of HTTP) may be asked again.
[[nodiscard]] std::uint64_t count_repeated(const std::vector<std::string>& requests);

/// Of the capture in `file`, of which a program's first 16 MiB are looked at.
[[nodiscard]] std::uint64_t count_repeated(const RunRecord& record,
                                           const std::filesystem::path& file);

}  // namespace ghostpeer::sweep
