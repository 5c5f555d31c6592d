// What the peer's application did: what was said in answer to which bytes, and how it ended.
#pragma once

#include "learn/draft.hpp"
#include "learn/scene.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ghostpeer::learn {

struct Spoken {
    std::vector<Step> script;
    bool keep_open = false;   ///< it does not close when the program has finished
    bool nagle_off = false;   ///< short pieces leave at once
    std::vector<Rule> rules;  ///< a close that comes a while after the program's
    std::vector<std::string> remarks;
};

/// `strict`: what is waited for is counted in bytes, else it is a pattern where it can be one.
[[nodiscard]] Spoken spoken(const Scene& scene, bool strict);

/// The steps that wait for these bytes of the program.
[[nodiscard]] std::vector<Step> awaited(const wire::Bytes& bytes, std::uint64_t length,
                                        bool strict);

/// One side's stream as far as its bytes are there: place 1 is at index 0. What is missing is zero.
struct Stream {
    wire::Bytes bytes;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;  ///< [from, to), by index
    [[nodiscard]] bool whole(std::uint64_t from, std::uint64_t to) const noexcept;
};
[[nodiscard]] Stream stream_of(const Scene& scene, bool of_peer);

/// `packet 4711, 12.803 s`, as Wireshark shows the two.
[[nodiscard]] std::string place_of(const Scene& scene, std::uint64_t packet, Duration at);

}  // namespace ghostpeer::learn
