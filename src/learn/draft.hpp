// A profile that is being made: what is known of the peer, before it is text.
#pragma once

#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ghostpeer::learn {

/// A key and its value, as they stand in the text.
using Entry = std::pair<std::string, std::string>;

/// One step of the service's script.
struct Step {
    enum class Kind : std::uint8_t { say, expect, pause, close, shutdown };
    Kind kind = Kind::say;
    /// Of `say`; null: none are known. Drafts are copied often, and share them.
    std::shared_ptr<const wire::Bytes> bytes{};
    std::uint64_t length = 0;  ///< of `say`: all of it; more than `bytes`: the rest is made up
    std::uint32_t pieces = 0;  ///< of `say`; 0: in segments of any length
    std::uint64_t rate = 0;    ///< of `say`, bytes a second; 0: at once
    bool push = true;          ///< of `say`
    std::string value{};       ///< of `expect` and `pause`, as it stands in the text
    std::string comment{};     ///< in words; empty: none
    std::uint64_t packet = 0;  ///< of the capture
};

struct Rule {
    std::string on;                    ///< `receive data`, `[receive syn, receive data]`
    std::vector<Entry> filters{};      ///< `nth`: `2`
    std::vector<std::string> actions;  ///< `drop`, `{delay: 50ms}`
    std::string comment{};
    bool optional = false;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// How the peer behaves to one connection.
struct Draft {
    std::vector<Entry> tcp;
    std::vector<Entry> ip;
    std::vector<Entry> link;
    std::vector<Step> script;
    std::string service;  ///< where it is no script: `hold`; empty: the language's default
    bool keep_open = false;
    std::vector<Rule> rules;
};

/// A file beside the profile.
struct PayloadFile {
    std::string name;
    wire::Bytes bytes;
    friend bool operator==(const PayloadFile&, const PayloadFile&) = default;
};

/// A whole profile.
struct Sheet {
    std::vector<std::string> head;  ///< comment lines in front
    std::string summary;
    std::vector<std::string> details;
    bool client = false;            ///< the peer opens the connections
    std::uint16_t port = 0;         ///< of the program, where it does
    std::uint32_t connections = 1;  ///< likewise
    /// By attempt; several that behave alike are one, from the first to the last number.
    struct Attempt {
        std::uint32_t first = 1;
        std::uint32_t last = 1;
        Draft draft;
    };
    std::vector<Attempt> attempts;  ///< at least one
};

struct Written {
    std::string text;
    std::vector<PayloadFile> files;
};

/// The profile's text. `inline_bytes`: nothing is put into files, and what is long is made up, so
/// that it takes as many bytes: what a rehearsal needs.
[[nodiscard]] Written write(const Sheet& sheet, bool inline_bytes);

/// A time as a person would write it: three figures at most.
[[nodiscard]] std::string rounded(Duration time);
/// The same, and never longer than `time`, except that it is a microsecond at least.
[[nodiscard]] std::string rounded_down(Duration time);
/// A text in double quotes, or `{hex: …}` where it is none.
[[nodiscard]] std::string quoted(const std::string& text);

}  // namespace ghostpeer::learn
