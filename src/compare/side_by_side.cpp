#include "compare/side_by_side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

namespace ghostpeer::compare {
namespace {

constexpr int column_width = 38;
constexpr std::size_t most_lines = 200;

[[nodiscard]] bool near(double a, double b) {
    constexpr double least = 0.020;
    constexpr double share = 0.02;
    return std::abs(a - b) <= std::max(least, share * a);
}

[[nodiscard]] bool same(const Column::Segment& a, const Column::Segment& b) {
    return a.what == b.what && near(a.at, b.at);
}

[[nodiscard]] bool same_at(const std::vector<Column>& columns, std::size_t i) {
    const Column& first = columns.front();
    return std::all_of(columns.begin(), columns.end(), [&](const Column& one) {
        return i < one.segments.size() && i < first.segments.size() &&
               same(first.segments[i], one.segments[i]);
    });
}

[[nodiscard]] const Column::Fact* fact_of(const Column& column, const std::string& name) {
    const auto at = std::find_if(column.facts.begin(), column.facts.end(),
                                 [&](const Column::Fact& one) { return one.name == name; });
    return at == column.facts.end() ? nullptr : &*at;
}

[[nodiscard]] bool same_fact(const std::vector<Column>& columns, const std::string& name) {
    const Column::Fact* const first = fact_of(columns.front(), name);
    return std::all_of(columns.begin(), columns.end(), [&](const Column& one) {
        const Column::Fact* const fact = fact_of(one, name);
        if (first == nullptr || fact == nullptr) {
            return first == fact;
        }
        return first->seconds && fact->seconds ? near(*first->seconds, *fact->seconds)
                                               : first->text == fact->text;
    });
}

/// The names of all facts, in the order of the first column that has them.
[[nodiscard]] std::vector<std::string> fact_names(const std::vector<Column>& columns) {
    std::vector<std::string> names;
    for (const Column& one : columns) {
        for (const Column::Fact& fact : one.facts) {
            if (std::find(names.begin(), names.end(), fact.name) == names.end()) {
                names.push_back(fact.name);
            }
        }
    }
    return names;
}

template <typename Text>
[[nodiscard]] std::string line(std::string_view name, std::size_t width,
                               const std::vector<Column>& columns, Text text) {
    std::string whole = fmt::format("  {:<{}}", name, width);
    for (const Column& one : columns) {
        const std::string cell = text(one);
        whole += fmt::format("{:<{}}", cell, column_width);
        if (cell.size() >= column_width) {
            whole += "  ";
        }
    }
    whole.erase(whole.find_last_not_of(' ') + 1);
    return whole + "\n";
}

[[nodiscard]] std::size_t longest(const std::vector<Column>& columns) {
    std::size_t most = 0;
    for (const Column& one : columns) {
        most = std::max(most, one.segments.size());
    }
    return most;
}

/// Those that are not kept have the same kinds and lengths in the same order.
[[nodiscard]] bool same_behind(const std::vector<Column>& columns) {
    return std::all_of(columns.begin(), columns.end(), [&](const Column& one) {
        return one.behind == columns.front().behind && one.digest == columns.front().digest;
    });
}

[[nodiscard]] std::string at(const Column& column, std::size_t i) {
    return i < column.segments.size()
               ? fmt::format("{:>11.6f}  {}", column.segments[i].at, column.segments[i].what)
               : std::string();
}

}  // namespace

void Column::add(double at, std::string what) {
    if (segments.size() < most_segments) {
        segments.push_back({at, std::move(what)});
        return;
    }
    ++behind;
    constexpr std::size_t turn = 0x9e3779b97f4a7c15U;
    digest = (digest ^ std::hash<std::string>{}(what)) * turn;
}

std::string side_by_side(const std::vector<Column>& columns) {
    if (columns.empty()) {
        return {};
    }
    std::size_t width = 12;
    const auto names = fact_names(columns);
    for (const std::string& name : names) {
        width = std::max(width, name.size() + 3);
    }
    std::string text = line("", width, columns, [](const Column& one) { return one.title; });
    for (const std::string& name : names) {
        text += line((same_fact(columns, name) ? "" : "* ") + name, width, columns,
                     [&](const Column& one) {
                         const Column::Fact* const fact = fact_of(one, name);
                         return fact == nullptr ? std::string() : fact->text;
                     });
    }
    text += line("segments", width, columns, [](const Column& one) {
        return std::to_string(one.segments.size() + one.behind);
    });
    const std::size_t all = longest(columns);
    std::size_t first = all;
    for (std::size_t i = 0; i < all && first == all; ++i) {
        first = same_at(columns, i) ? all : i;
    }
    // The lines that are shown have the first difference among them.
    constexpr std::size_t before = most_lines / 2;
    const std::size_t begin = first < all && first >= most_lines ? first - before : 0;
    const std::size_t end = std::min(all, begin + most_lines);
    if (begin > 0) {
        text += fmt::format("  {} before them, which are the same\n", begin);
    }
    for (std::size_t i = begin; i < end; ++i) {
        text += line(same_at(columns, i) ? "" : "*", width, columns,
                     [&](const Column& one) { return at(one, i); });
    }
    if (end < all) {
        text += fmt::format("  {} more\n", all - end);
    }
    if (std::any_of(columns.begin(), columns.end(),
                    [](const Column& one) { return one.behind > 0; })) {
        text += fmt::format(
            "{} Behind segment {} kinds and lengths were compared, and no times: they are {}.\n",
            same_behind(columns) ? " " : "*", most_segments,
            same_behind(columns) ? "the same" : "others");
    }
    if (first < all) {
        text += fmt::format("the first that differs: segment {}\n", first + 1);
    }
    return text;
}

bool are_alike(const std::vector<Column>& columns) {
    for (std::size_t i = 0; i < longest(columns); ++i) {
        if (!same_at(columns, i)) {
            return false;
        }
    }
    if (!same_behind(columns)) {
        return false;
    }
    const auto names = fact_names(columns);
    return std::all_of(names.begin(), names.end(),
                       [&](const std::string& name) { return same_fact(columns, name); });
}

}  // namespace ghostpeer::compare
