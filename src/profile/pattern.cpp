#include "ghostpeer/profile/pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// What one expression may take up when it is compiled, and again while it is matched.
constexpr std::int64_t most_memory = 256 << 10;

/// So many steps one byte of output may cost where the expression is too large to be matched faster
/// (RE2::ProgramSize).
constexpr int most_steps = 2000;

}  // namespace

bool is_expression(std::string_view text) noexcept {
    return text.size() > 2 && text.front() == '/' && text.back() == '/';
}

Pattern Pattern::of_text(std::string text) {
    Pattern pattern;
    pattern.text_ = std::move(text);
    return pattern;
}

tl::expected<Pattern, std::string> Pattern::parse(std::string_view text) {
    Pattern pattern;
    pattern.text_ = text;
    if (!is_expression(text)) {
        return pattern;
    }
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(most_memory);
    // What programs print need not be UTF-8.
    options.set_encoding(RE2::Options::EncodingLatin1);
    const auto inner = text.substr(1, text.size() - 2);
    // ^ and $ stand at each line, as in grep.
    constexpr std::string_view lines = "(?m)";
    auto expression = std::make_shared<RE2>(std::string(lines) + std::string(inner), options);
    if (!expression->ok()) {
        auto error = expression->error();
        if (const auto own = error.find(lines); own != std::string::npos) {
            error.erase(own, lines.size());
        }
        return tl::unexpected(std::move(error));
    }
    if (expression->ProgramSize() > most_steps) {
        return tl::unexpected(
            std::string("it is too large; several shorter ones in a list do the "
                        "same work sooner"));
    }
    pattern.expression_ = std::move(expression);
    return pattern;
}

bool Pattern::found_in(std::string_view text) const {
    return expression_ ? RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_)
                       : text.find(text_) != std::string_view::npos;
}

std::optional<Pattern::Match> Pattern::find(std::string_view text, std::size_t from) const {
    if (!expression_) {
        const auto at = text.find(text_, from);
        return at == std::string_view::npos ? std::nullopt
                                            : std::optional(Match{at, at + text_.size(), {}});
    }
    constexpr int most_groups = 10;
    std::array<re2::StringPiece, most_groups> found;
    const int count = std::min(most_groups, groups() + 1);
    if (!expression_->Match(re2::StringPiece(text.data(), text.size()), from, text.size(),
                            RE2::UNANCHORED, found.data(), count)) {
        return std::nullopt;
    }
    Match match;
    match.begin = static_cast<std::size_t>(found[0].data() - text.data());
    match.end = match.begin + found[0].size();
    for (int i = 1; i < count; ++i) {
        const auto& group = found[static_cast<std::size_t>(i)];
        match.groups.emplace_back(group.data() != nullptr ? std::string(group.data(), group.size())
                                                          : std::string());
    }
    return match;
}

int Pattern::groups() const noexcept {
    return expression_ ? expression_->NumberOfCapturingGroups() : 0;
}

}  // namespace ghostpeer::profile
