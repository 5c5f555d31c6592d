// How a step that waits finds what it waits for.
#include "script/frame.hpp"
#include "script/runner.hpp"
#include "wire/overloaded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace ghostpeer::script {
namespace {

using profile::AwaitStep;

constexpr std::size_t longest_line = 64 * 1024;
// What an expression finds that segments cut.
constexpr std::size_t longest_found = 16 * 1024;

/// The first bytes, as a profile would write them.
[[nodiscard]] std::string quoted(std::string_view bytes) {
    constexpr std::size_t shown = 48;
    std::string text = "\"";
    for (const char each : bytes.substr(0, shown)) {
        const auto byte = static_cast<unsigned char>(each);
        switch (each) {
            case '\r': text += "\\r"; break;
            case '\n': text += "\\n"; break;
            case '\t': text += "\\t"; break;
            case '"': text += "\\\""; break;
            case '\\': text += "\\\\"; break;
            default:
                if (byte < 0x20 || byte > 0x7e) {
                    text += fmt::format("\\x{:02x}", byte);
                } else {
                    text += each;
                }
        }
    }
    text += bytes.size() > shown ? "\"…" : "\"";
    return text;
}

/// `/^EHLO/` or `/^QUIT/`
[[nodiscard]] std::string wanted(const AwaitStep& what) {
    constexpr std::size_t most_named = 4;
    std::string text;
    for (std::size_t i = 0; i < what.cases.size() && i < most_named; ++i) {
        const std::string& pattern = what.cases[i].pattern.text();
        const bool expression = what.cases[i].pattern.fixed_size() == 0;
        text += (i == 0                       ? ""
                 : i + 1 == what.cases.size() ? " or "
                                              : ", ") +
                (expression ? pattern : quoted(pattern));
    }
    return text + (what.cases.size() > most_named ? ", …" : "");
}

[[nodiscard]] std::string sentence(const AwaitStep& what, std::string_view came) {
    if (std::holds_alternative<profile::TakenUnit>(what.unit)) {
        return fmt::format("the script looked for {} in what was taken, which is {}", wanted(what),
                           quoted(came));
    }
    const std::string in = std::holds_alternative<profile::StreamUnit>(what.unit)
                               ? std::string()
                               : profile::describe(what.unit);
    const std::string with = what.cases.empty() ? std::string()
                             : in.empty()       ? wanted(what)
                                                : " with " + wanted(what);
    return fmt::format("the script waited for {}{}, and {} came", in, with, quoted(came));
}

/// The first case that is found in what stands there.
[[nodiscard]] const AwaitStep::Case* first_in(const AwaitStep& what, std::string_view text,
                                              std::optional<profile::Pattern::Match>& match) {
    for (const auto& one : what.cases) {
        match = one.pattern.find(text);
        if (match) {
            return &one;
        }
    }
    return nullptr;
}

[[nodiscard]] std::optional<std::uint64_t> number_of(const std::string& text, int base) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                    : std::nullopt;
}

}  // namespace

std::optional<Runner::Found> Runner::look(const AwaitStep& what) {
    if (skip_ > 0) {
        return std::nullopt;
    }
    if (std::exchange(skipping_, false)) {
        Found found;
        if (!what.cases.empty()) {
            found.surprise = sentence(what, {}) + ", more than 1 MiB, of which nothing is kept";
        }
        return found;
    }
    return std::visit(
        Overloaded{
            [&](const profile::StreamUnit&) { return look_in_stream(what); },
            [&](const profile::LineUnit&) { return look_in_line(what); },
            [&](const profile::BytesUnit& unit) -> std::optional<Found> {
                if (!unit.capture) {
                    return look_in_bytes(what, unit.count);
                }
                const std::string& said = captures_[*unit.capture];
                const auto count = number_of(said, unit.base);
                if (count) {
                    // In nothing nothing can be found; a step that took none would come again.
                    return *count == 0 ? std::optional(Found{}) : look_in_bytes(what, *count);
                }
                Found none;
                none.surprise = fmt::format(
                    "the script waited for as many bytes as ${{{}}} says, which is {} and no "
                    "number",
                    *unit.capture, quoted(said));
                none.taken = text().size();
                return none.taken > 0 ? std::optional(std::move(none)) : std::nullopt;
            },
            [&](const profile::LengthField& field) { return look_in_frame(what, field); },
            [&](const profile::TakenUnit&) { return look_in_taken(what); },
        },
        what.unit);
}

std::optional<Runner::Found> Runner::look_in_stream(const AwaitStep& what) {
    const std::string_view input = text();
    if (looked_ == input.size()) {
        return std::nullopt;
    }
    Found best;
    std::size_t longest = 0;
    for (const auto& one : what.cases) {
        const std::size_t size = one.pattern.fixed_size();
        // What was looked at in vain can only hold the beginning of what is found now.
        const std::size_t reach = size > 0 ? size - 1 : longest_found;
        longest = std::max(longest, reach);
        std::size_t from = looked_ - std::min(looked_, reach);
        if (cut_) {
            // The first byte is there to tell whether a line begins behind it.
            from = std::max<std::size_t>(from, 1);
        }
        auto match = one.pattern.find(input, from);
        if (match && match->end > 0 && (!best.match || match->begin < best.match->begin)) {
            best.that = &one;
            best.match = std::move(match);
        }
    }
    if (best.match) {
        best.taken = best.match->end;
        return best;
    }
    looked_ = input.size();
    if (input.size() > 2 * std::max(longest, longest_found)) {
        const std::size_t gone = input.size() - longest - 1;
        mark(std::span(input_).subspan(begin_, gone));
        begin_ += gone;
        looked_ -= gone;
        cut_ = true;
    }
    return std::nullopt;
}

std::optional<Runner::Found> Runner::look_in_line(const AwaitStep& what) {
    const std::string_view input = text();
    Found found;
    const std::size_t end = input.find('\n', looked_);
    if (end == std::string_view::npos) {
        if (input.size() < longest_line) {
            looked_ = input.size();
            return std::nullopt;
        }
        found.taken = input.size();
        found.surprise = sentence(what, input) + ", 64 KiB without the end of a line";
        return found;
    }
    found.taken = end + 1;
    std::string_view line = input.substr(0, end);
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    found.that = first_in(what, line, found.match);
    if (found.that == nullptr && !what.cases.empty()) {
        found.surprise = sentence(what, input.substr(0, found.taken));
    }
    return found;
}

std::optional<Runner::Found> Runner::look_in_taken(const AwaitStep& what) const {
    Found found;
    found.that = first_in(what, captures_[0], found.match);
    if (found.that == nullptr) {
        found.surprise = sentence(what, captures_[0]);
    }
    return found;
}

std::optional<Runner::Found> Runner::look_in_bytes(const AwaitStep& what, std::uint64_t count) {
    const std::string_view input = text();
    Found found;
    if (count > profile::most_awaited) {
        // Too many to be kept: they are forgotten as they come, and then the step has them.
        const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(count, input.size()));
        skip_ = count - here;
        mark(std::span(input_).subspan(begin_, here));
        begin_ += here;
        skipping_ = true;
        return std::nullopt;
    }
    if (input.size() < count) {
        return std::nullopt;
    }
    found.taken = static_cast<std::size_t>(count);
    found.that = first_in(what, input.substr(0, found.taken), found.match);
    if (found.that == nullptr && !what.cases.empty()) {
        found.surprise = sentence(what, input.substr(0, found.taken));
    }
    return found;
}

std::optional<Runner::Found> Runner::look_in_frame(const AwaitStep& what,
                                                   const profile::LengthField& field) {
    const std::string_view input = text();
    const FrameSize size = frame_size(field, std::span(input_).subspan(begin_));
    if (!size.possible) {
        Found found;
        found.taken = input.size();
        found.surprise = sentence(what, input) + ", where no frame can have such a length";
        return found;
    }
    return size.bytes ? look_in_bytes(what, *size.bytes) : std::nullopt;
}

void Runner::hear_no_more() {
    if (!waits_for_input() || levels_.empty() || (text().empty() && skip_ == 0)) {
        return;
    }
    const Level& level = levels_.back();
    const profile::Step& step = (*level.steps)[level.at];
    if (const auto* what = std::get_if<AwaitStep>(&step.what)) {
        be_surprised(step, sentence(*what, text()) + " before the end");
    }
    mark(std::span(input_).subspan(begin_));
    skipping_ = false;
    input_.clear();
    begin_ = 0;
    looked_ = 0;
    cut_ = false;
    skip_ = 0;
}

}  // namespace ghostpeer::script
