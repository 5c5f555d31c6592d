#include "ghostpeer/wire/format.hpp"

#include "wire/tcp_option.hpp"

#include <fmt/format.h>

#include <iterator>

namespace ghostpeer::wire {

namespace {

using Buffer = fmt::memory_buffer;

template <typename... Args>
void append(Buffer& buffer, fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(buffer), text, std::forward<Args>(args)...);
}

void append_number(Buffer& buffer, SeqNum number, SeqNum initial, bool relative) {
    append(buffer, "{}", relative ? relative_number(number, initial) : std::int64_t{number.raw()});
}

void append_options(Buffer& buffer, const Options& options, const NumberBase& base) {
    const char* separator = "";
    const auto next = [&] {
        append(buffer, "{}", separator);
        separator = ",";
    };
    if (options.mss) {
        next();
        append(buffer, "mss {}", *options.mss);
    }
    if (options.sack_permitted) {
        next();
        append(buffer, "sackOK");
    }
    if (options.timestamps) {
        next();
        append(buffer, "TS val {} ecr {}", options.timestamps->value, options.timestamps->echo);
    }
    if (options.window_scale) {
        next();
        append(buffer, "wscale {}", *options.window_scale);
    }
    if (!options.sack.empty()) {
        next();
        append(buffer, "sack");
        for (const SackBlock& block : options.sack) {
            append(buffer, " ");
            append_number(buffer, block.left, base.ack, base.relative);
            append(buffer, ":");
            append_number(buffer, block.right, base.ack, base.relative);
        }
    }
    for (const std::uint8_t kind : options.skipped) {
        if (kind == option::end) {
            break;
        }
        next();
        switch (kind) {
            case option::mptcp: append(buffer, "mptcp"); break;
            case option::fast_open: append(buffer, "tfo"); break;
            default: append(buffer, "opt {}", kind); break;
        }
    }
}

constexpr bool empty(const Options& options) noexcept {
    return !options.mss && !options.window_scale && !options.sack_permitted &&
           !options.timestamps && options.sack.empty() && options.skipped[0] == option::end;
}

}  // namespace

std::int64_t relative_number(SeqNum number, SeqNum initial) noexcept {
    constexpr std::uint32_t just_below = 0xffff0000;
    const std::uint32_t distance = forward_distance(initial, number);
    return distance >= just_below ? std::int64_t{distance} - (std::int64_t{1} << 32)
                                  : std::int64_t{distance};
}

std::string format_flags(Flags flags) {
    std::string text;
    const auto add = [&](std::uint8_t flag, char letter) {
        if (flags.has(flag)) {
            text += letter;
        }
    };
    add(Flags::fin, 'F');
    add(Flags::syn, 'S');
    add(Flags::rst, 'R');
    add(Flags::psh, 'P');
    add(Flags::ack, '.');
    add(Flags::urg, 'U');
    add(Flags::ece, 'E');
    add(Flags::cwr, 'W');
    return text.empty() ? "none" : text;
}

std::string flag_letters(Flags flags) {
    std::string text;
    const auto add = [&](std::uint8_t flag, char letter) {
        if (flags.has(flag)) {
            text += letter;
        }
    };
    add(Flags::syn, 'S');
    add(Flags::fin, 'F');
    add(Flags::rst, 'R');
    add(Flags::psh, 'P');
    add(Flags::ack, 'A');
    add(Flags::urg, 'U');
    add(Flags::ece, 'E');
    add(Flags::cwr, 'C');
    return text;
}

std::string format_options(const Options& options, const NumberBase& base) {
    Buffer buffer;
    append_options(buffer, options, base);
    return fmt::to_string(buffer);
}

std::string format(const Segment& segment, const NumberBase& base) {
    Buffer buffer;
    append(buffer, "[{}] seq ", format_flags(segment.flags));
    append_number(buffer, segment.seq, base.seq, base.relative);
    if (!segment.payload.empty()) {
        append(buffer, ":");
        append_number(buffer, segment.seq + static_cast<std::uint32_t>(segment.payload.size()),
                      base.seq, base.relative);
    }
    if (segment.has(Flags::ack)) {
        append(buffer, " ack ");
        append_number(buffer, segment.ack, base.ack, base.relative);
    }
    append(buffer, " win {}", segment.window);
    if (segment.has(Flags::urg)) {
        append(buffer, " urg {}", segment.urgent);
    }
    if (!empty(segment.options)) {
        append(buffer, " <");
        append_options(buffer, segment.options, base);
        append(buffer, ">");
    }
    if (!segment.payload.empty()) {
        append(buffer, " len {}", segment.payload.size());
    }
    return fmt::to_string(buffer);
}

}  // namespace ghostpeer::wire
