// A conversation, as `service: {script: […]}` has it: steps as plain data.
#pragma once

#include "ghostpeer/profile/pattern.hpp"
#include "ghostpeer/profile/rule.hpp"
#include "ghostpeer/wire/segment.hpp"
#include "ghostpeer/wire/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ghostpeer::profile {

/// Bytes to be said, in which there may be what the program said before.
struct Phrase {
    enum class Function : std::uint8_t {
        base64,
        hex,
        length,
        sha1,
        unhex,
        exclusive_or,  ///< of the first argument, again and again, and the others
        // How many bytes, as a number of so many bits.
        u8,
        u16be,
        u16le,
        u24be,
        u24le,
        u32be,
        u32le,
    };
    /// A text, a capture, or a function of what its arguments are together.
    struct Part {
        std::shared_ptr<const wire::Bytes> text;
        std::optional<std::uint32_t> capture;
        std::optional<Function> function;
        std::vector<Part> arguments;
    };
    std::vector<Part> parts;
};

[[nodiscard]] std::string_view name(Phrase::Function function) noexcept;

/// Captures have the numbers 0 (all that was found) to this.
inline constexpr std::uint32_t most_captures = 9;
/// What the program said is kept so far, until a step takes it.
inline constexpr std::uint64_t most_awaited = 1024 * 1024;

/// How long a frame is, by a number in it.
struct LengthField {
    enum class Type : std::uint8_t {
        u7,  ///< the lower seven bits of a byte, as WebSocket has it
        u8,
        u16be,
        u16le,
        u24be,
        u24le,
        u32be,
        u32le,
        varint,  ///< seven bits in each byte, the lowest first, the highest bit: another one comes
    };
    /// What the number counts.
    enum class Counts : std::uint8_t {
        rest,    ///< what comes behind it
        itself,  ///< and itself
        all,     ///< the whole frame
    };
    Type type = Type::u32be;
    std::uint64_t at = 0;    ///< bytes before it
    std::uint64_t plus = 0;  ///< bytes behind all that it counts
    Counts counts = Counts::rest;
};

[[nodiscard]] std::string_view name(LengthField::Type type) noexcept;

/// In what a pattern is looked for, and what is taken with it.
struct StreamUnit {};  ///< what comes, up to the end of what was found
struct LineUnit {};    ///< a line; its end belongs to it and is not looked at
struct BytesUnit {
    std::uint64_t count = 0;
    std::optional<std::uint32_t> capture;  ///< where the number is what the program said
    int base = 10;                         ///< of that number
};
struct TakenUnit {};  ///< what was taken last, once more; nothing is taken with it
using Unit = std::variant<StreamUnit, LineUnit, BytesUnit, LengthField, TakenUnit>;

/// `a line`, `4 bytes`
[[nodiscard]] std::string describe(const Unit& unit);

struct Step;
using Steps = std::vector<Step>;

struct SayStep {
    Say what;
    std::optional<Phrase> phrase;  ///< in place of what.content
};
/// `expect`, which has one pattern or none, and `when`.
struct AwaitStep {
    struct Case;
    Unit unit;
    std::vector<Case> cases;  ///< empty: whatever it is
    bool has_otherwise = false;
    Steps otherwise;
};
struct PauseStep {
    Duration length{};
};
enum class EndStep : std::uint8_t { close, shutdown, reset };
struct LoopStep {
    std::optional<std::uint64_t> times;  ///< unset: for ever
    Steps steps;
};
struct BreakStep {};

struct Step {
    Place place;
    std::variant<SayStep, AwaitStep, PauseStep, EndStep, LoopStep, BreakStep> what;
};

struct AwaitStep::Case {
    Pattern pattern;
    Steps steps;
};

/// A conversation with each connection.
struct Script {
    std::shared_ptr<const Steps> steps;  ///< never null
};

}  // namespace ghostpeer::profile
