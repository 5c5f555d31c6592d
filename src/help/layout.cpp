#include "help/layout.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace ghostpeer::help {
namespace {

/// Columns of UTF-8: bytes that begin a character.
[[nodiscard]] std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) >> 6) != 2;
    }));
}

/// Lines that are one thing: a paragraph, or a row with what goes on below it.
struct Block {
    std::vector<std::string_view> lines;
};

[[nodiscard]] std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

/// Does `line` go on with what the block has begun?
[[nodiscard]] bool goes_on(const Block& block, std::string_view line) {
    const auto first = block.lines.front();
    const auto last = block.lines.back();
    if (first.empty() || line.empty()) {
        return false;
    }
    if (indent_of(first) > 0) {
        return indent_of(line) > indent_of(first);
    }
    return indent_of(line) == 0 && last.back() != ':' && line.substr(0, 6) != "Usage:";
}

/// Where a row's second column begins; 0: it has one only.
[[nodiscard]] std::size_t second_column(std::string_view row) {
    const auto gap = row.find("  ", indent_of(row));
    return gap == std::string_view::npos ? 0 : row.find_first_not_of(' ', gap);
}

/// A command line too long for a line, with the shell's sign that it goes on.
[[nodiscard]] std::string fold_command(std::string_view row) {
    constexpr std::size_t deeper = 4;
    const auto indent = indent_of(row);
    auto folded = fold(row.substr(indent), indent, indent + deeper, usual_width - 2);
    for (auto at = folded.find('\n'); at != std::string::npos; at = folded.find('\n', at + 3)) {
        folded.insert(at, " \\");
    }
    return std::string(indent, ' ') + folded;
}

[[nodiscard]] std::string join(const Block& block, std::size_t from) {
    std::string text;
    for (std::size_t i = from; i < block.lines.size(); ++i) {
        text += (text.empty() ? "" : " ") +
                std::string(block.lines[i].substr(indent_of(block.lines[i])));
    }
    return text;
}

[[nodiscard]] std::string fold_block(const Block& block) {
    const auto first = block.lines.front();
    if (indent_of(first) == 0) {
        return fold(join(block, 0), 0, 0, usual_width);
    }
    if (const auto column = second_column(first); column != 0) {
        auto text = std::string(first.substr(column));
        if (block.lines.size() > 1) {
            text += " " + join(block, 1);
        }
        return std::string(first.substr(0, column)) + fold(text, column, column, usual_width);
    }
    if (block.lines.size() > 1) {
        // The description of an option that is longer than its column.
        const auto column = indent_of(block.lines[1]);
        return std::string(first) + "\n" + std::string(column, ' ') +
               fold(join(block, 1), column, column, usual_width);
    }
    return fold_command(first);
}

}  // namespace

std::size_t terminal_width() noexcept {
    winsize size{};
    if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
        return 0;
    }
    constexpr std::size_t least = 40;
    return size.ws_col == 0 ? usual_width : std::max<std::size_t>(size.ws_col, least);
}

std::string fold(std::string_view text, std::size_t column, std::size_t indent, std::size_t width) {
    std::string folded;
    bool begun = false;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        const auto word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word.empty()) {
            continue;
        }
        const auto length = columns(word);
        if (begun && width != 0 && column + 1 + length > width) {
            folded += '\n' + std::string(indent, ' ');
            column = indent;
            begun = false;
        }
        folded += (begun ? " " : "") + std::string(word);
        column += length + (begun ? 1 : 0);
        begun = true;
    }
    return folded;
}

std::string fold_help(std::string_view text) {
    std::vector<Block> blocks;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        if (blocks.empty() || !goes_on(blocks.back(), line)) {
            blocks.emplace_back();
        }
        blocks.back().lines.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    std::string folded;
    for (const Block& block : blocks) {
        // One empty line is enough between groups of options.
        if (block.lines.front().empty() && folded.ends_with("\n\n")) {
            continue;
        }
        if (std::any_of(block.lines.begin(), block.lines.end(),
                        [](auto line) { return columns(line) > usual_width; })) {
            folded += fold_block(block) + "\n";
            continue;
        }
        for (const auto line : block.lines) {
            folded += std::string(line) + "\n";
        }
    }
    return folded;
}

}  // namespace ghostpeer::help
