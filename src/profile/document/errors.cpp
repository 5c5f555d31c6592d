#include "profile/document/errors.hpp"

#include "wire/utf8.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace ghostpeer::profile {

namespace {

// A file in which everything is wrong must not fill the memory with messages.
constexpr std::size_t most_errors = 1000;
constexpr std::size_t longest_excerpt = 160;
constexpr std::size_t longest_quote = 60;

/// The end of the character that begins at or before `at`.
std::size_t character_boundary(std::string_view text, std::size_t at) noexcept {
    while (at < text.size() && continues_character(text[at])) {
        ++at;
    }
    return std::min(at, text.size());
}

std::string without_controls(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == '\x7f') {
            c = ' ';
        }
    }
    return result;
}

Diagnostic make_diagnostic(const SourceText& source, Mark mark, std::string message) {
    const auto line = source.line(mark.line);
    const auto column = std::min(static_cast<std::size_t>(std::max(mark.column, 0)), line.size());
    std::size_t first = 0;
    if (line.size() > longest_excerpt && column > longest_excerpt / 2) {
        first = character_boundary(line, column - longest_excerpt / 2);
    }
    const auto last = character_boundary(line, std::min(line.size(), first + longest_excerpt));
    Diagnostic diagnostic;
    diagnostic.file = *source.name();
    diagnostic.line = mark.line + 1;
    diagnostic.column = static_cast<int>(character_count(line.substr(0, column))) + 1;
    diagnostic.message = std::move(message);
    diagnostic.source_line = without_controls(line.substr(first, last - first));
    diagnostic.caret = static_cast<int>(character_count(line.substr(first, column - first))) + 1;
    return diagnostic;
}

}  // namespace

std::string in_quotes(std::string_view text) {
    std::string result = "`";
    const auto end = character_boundary(text, std::min(text.size(), longest_quote));
    for (const char c : text.substr(0, end)) {
        if (c == '\n') {
            result += "\\n";
        } else if (c == '\r') {
            result += "\\r";
        } else if (c == '\t') {
            result += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
            result += '?';
        } else {
            result += c;
        }
    }
    return result + (end < text.size() ? "…`" : "`");
}

void Errors::add(Found found) {
    if (found_.size() < most_errors) {
        found_.push_back(std::move(found));
    } else {
        ++left_out_;
    }
}

void Errors::add(const SourceText& source, Mark mark, std::string message) {
    if (found_.size() >= most_errors) {
        ++left_out_;
        return;
    }
    add(Found{source.order + 1, mark, make_diagnostic(source, mark, std::move(message))});
}

void Errors::add(const YamlNode& at, std::string message) {
    if (!at.broken) {
        add(*at.source, at.mark, std::move(message));
    }
}

void Errors::add(std::string file, std::string message) {
    Diagnostic diagnostic;
    diagnostic.file = std::move(file);
    diagnostic.message = std::move(message);
    add(Found{0, {}, std::move(diagnostic)});
}

void Errors::absorb(std::vector<Diagnostic> diagnostics) {
    for (auto& each : diagnostics) {
        constexpr std::size_t after_all_links = 1000;
        add(Found{after_all_links, {each.line, each.column}, std::move(each)});
    }
}

std::vector<Diagnostic> Errors::take() {
    const auto key = [](const Found& found) {
        return std::tie(found.order, found.mark.line, found.mark.column);
    };
    std::stable_sort(found_.begin(), found_.end(),
                     [&](const Found& a, const Found& b) { return key(a) < key(b); });
    std::vector<Diagnostic> result;
    for (auto& found : found_) {
        // An alias shows one mistake wherever it stands.
        if (result.empty() || to_string(result.back()) != to_string(found.diagnostic)) {
            result.push_back(std::move(found.diagnostic));
        }
    }
    if (left_out_ > 0) {
        Diagnostic rest;
        rest.file = result.front().file;
        rest.message = std::to_string(left_out_) + " more errors are not shown";
        result.push_back(std::move(rest));
    }
    found_.clear();
    left_out_ = 0;
    return result;
}

}  // namespace ghostpeer::profile
