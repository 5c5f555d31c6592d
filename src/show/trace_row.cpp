#include "show/trace_row.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iterator>

namespace ghostpeer::show {
namespace {

/// Where the right-hand column may begin; the first that fits is taken.
constexpr std::array<std::size_t, 3> stops{72, 60, 46};

std::string_view code(Style style) {
    switch (style) {
        case Style::plain: return "";
        case Style::incoming: return "\x1b[36m";
        case Style::withheld: return "\x1b[31m";
        case Style::changed: return "\x1b[33m";
        case Style::faint: return "\x1b[2m";
        case Style::marked: return "\x1b[1m";
        case Style::good: return "\x1b[1;32m";
        case Style::bad: return "\x1b[1;31m";
    }
    return "";
}

}  // namespace

void append_row(std::string& out, const Row& row, bool colour) {
    if (row.text.empty()) {
        return;
    }
    const auto begin = out.size();
    const auto us =
        std::chrono::floor<std::chrono::microseconds>(row.at).time_since_epoch().count();
    fmt::format_to(std::back_inserter(out), "{:>3}.{:06}  ", us / 1'000'000, us % 1'000'000);
    if (row.connection != 0) {
        fmt::format_to(std::back_inserter(out), "#{:<3} {:<2} ", row.connection, row.mark);
    } else {
        fmt::format_to(std::back_inserter(out), "     {:<2} ", row.mark);
    }
    const bool coloured = colour && row.style != Style::plain;
    if (coloured) {
        out += code(row.style);
    }
    out += row.text;
    if (!row.right.empty()) {
        const auto end = out.size() - begin - (coloured ? code(row.style).size() : 0);
        std::size_t column = end + 2;
        for (const auto stop : stops) {
            if (stop >= column && stop + row.right.size() <= trace_width) {
                column = stop;
                break;
            }
        }
        out.append(column - end, ' ');
        out += row.right;
    }
    if (coloured) {
        out += "\x1b[0m";
    }
    out += '\n';
}

}  // namespace ghostpeer::show
