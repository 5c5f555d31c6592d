#include "profile/document/yaml_hint.hpp"

#include <algorithm>

namespace ghostpeer::profile {

namespace {

/// The column of a tab in the line's indentation; npos: there is none.
std::size_t tab_in_indentation(std::string_view line) noexcept {
    const auto indentation = line.substr(0, line.find_first_not_of(" \t"));
    return indentation.find('\t');
}

bool has_bare_comparison(std::string_view line) noexcept {
    return line.find(": >") != std::string_view::npos || line.find(": <") != std::string_view::npos;
}

}  // namespace

SyntaxProblem explain_syntax_error(const SourceText& source, Mark mark,
                                   std::string_view complaint) {
    mark.line = std::max(mark.line, 0);
    mark.column = std::max(mark.column, 0);
    const auto line = source.line(mark.line);
    if (const auto tab = tab_in_indentation(line); tab != std::string_view::npos) {
        return {Mark{mark.line, static_cast<int>(tab)},
                "this is not valid YAML: tabs cannot indent, use spaces"};
    }
    auto message = "this is not valid YAML: " + std::string(complaint);
    if (const auto parameter = line.find("${"); parameter != std::string_view::npos) {
        message += "; inside `{ }` and `[ ]` a parameter needs quotes, as in `\"${name}\"`";
    } else if (has_bare_comparison(line)) {
        message += "; a comparison needs quotes, as in `\">= 5\"`";
    }
    return {mark, message};
}

}  // namespace ghostpeer::profile
