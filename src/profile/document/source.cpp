#include "profile/document/source.hpp"

#include "ghostpeer/profile/catalogue.hpp"
#include "ghostpeer/profile/diagnostic.hpp"
#include "posix/readable_file.hpp"
#include "profile/document/errors.hpp"
#include "wire/utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace ghostpeer::profile {

SourceText::SourceText(std::string name, std::string text, std::filesystem::path folder,
                       bool in_catalogue)
    : name_(std::make_shared<const std::string>(std::move(name))),
      text_(std::move(text)),
      folder_(std::move(folder)),
      in_catalogue_(in_catalogue) {
    if (text_.starts_with("\xEF\xBB\xBF")) {
        text_.erase(0, 3);  // a byte order mark would shift the first line's columns
    }
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i) {
        if (text_[i] == '\n') {
            line_starts_.push_back(i + 1);
        }
    }
}

std::string_view SourceText::line(int index) const noexcept {
    auto line = from(Mark{index, 0});
    line = line.substr(0, line.find('\n'));
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

std::string SourceText::block(Mark mark) const {
    constexpr int most_lines = 12;
    constexpr std::size_t longest = 200;
    const auto first = line(mark.line);
    const auto outer = std::min(first.find_first_not_of(' '), first.size());
    std::string text;
    std::string blank;  // lines that belong to it only if something follows
    for (int i = 0; i < most_lines; ++i) {
        const auto one = line(mark.line + i);
        const auto indent = one.find_first_not_of(' ');
        if (indent == std::string_view::npos) {
            blank += '\n';
            continue;
        }
        if (i > 0 && indent < static_cast<std::size_t>(std::max(mark.column, 1))) {
            break;
        }
        text += std::exchange(blank, {});
        text += text.empty() ? "" : "\n";
        std::size_t end = std::min(one.size(), std::min(outer, indent) + longest);
        while (end < one.size() && end > 0 &&
               (static_cast<unsigned char>(one[end]) & 0xc0U) == 0x80U) {
            --end;  // no character is cut in two
        }
        text += one.substr(std::min(outer, indent), end - std::min(outer, indent));
    }
    return text;
}

std::string_view SourceText::from(Mark mark) const noexcept {
    if (mark.line < 0 || mark.column < 0 ||
        static_cast<std::size_t>(mark.line) >= line_starts_.size()) {
        return {};
    }
    const auto start =
        line_starts_[static_cast<std::size_t>(mark.line)] + static_cast<std::size_t>(mark.column);
    return start < text_.size() ? std::string_view(text_).substr(start) : std::string_view();
}

namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace

std::variant<std::string, ReadError> read_file(const std::filesystem::path& path, std::size_t limit,
                                               FileKind kind) {
    const auto opened = open_to_read(path.c_str(), kind == FileKind::regular);
    if (!opened) {
        return ReadError{opened.error()};
    }
    std::FILE* const file = opened->get();
    std::string text;
    char block[64 * 1024];
    while (const auto n = std::fread(block, 1, sizeof block, file)) {
        text.append(block, n);
        if (text.size() > limit) {
            return ReadError{"it is longer than " + std::to_string(limit / (1024 * 1024)) + " MiB"};
        }
    }
    if (std::ferror(file) != 0) {
        return ReadError{reason_of(errno)};
    }
    return text;
}

bool is_path(std::string_view name_or_path) noexcept {
    return name_or_path.find('/') != std::string_view::npos || name_or_path.ends_with(".yaml") ||
           name_or_path.ends_with(".yml") ||
           name_or_path.find(".yaml+") != std::string_view::npos ||
           name_or_path.find(".yml+") != std::string_view::npos;
}

std::vector<std::string> parts_of(const std::string& name_or_path) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= name_or_path.size();) {
        const auto plus = std::min(name_or_path.find('+', begin), name_or_path.size());
        parts.push_back(name_or_path.substr(begin, plus - begin));
        begin = plus + 1;
    }
    const bool any_empty = std::any_of(parts.begin(), parts.end(),
                                       [](const std::string& part) { return part.empty(); });
    return parts.size() > 1 && !any_empty ? parts : std::vector<std::string>{};
}

namespace {

std::string no_such_profile(const std::string& name) {
    std::vector<std::string> known;
    for (const auto& entry : catalogue()) {
        known.emplace_back(entry.name);
    }
    auto message = "there is no profile " + in_quotes(name);
    std::error_code ignored;
    if (!name.empty() && std::filesystem::is_regular_file(name, ignored)) {
        return message + " in the catalogue; for the file write " + in_quotes("./" + name);
    }
    if (const auto near = nearest_word(name, known); !near.empty()) {
        message += "; did you mean " + in_quotes(near) + "?";
    } else {
        message += ";";
    }
    return message + " `ghostpeer list` shows all";
}

}  // namespace

namespace {

std::filesystem::path path_from(const std::filesystem::path& folder, const std::string& path) {
    const bool is_beside = !folder.empty() && path.starts_with("./");
    return folder / path.substr(is_beside ? 2 : 0);
}

/// A text in YAML's single quotes, in which nothing stands for a parameter.
std::string yaml_of(const std::string& text) {
    std::string made = "'";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool doubled = text[i] == '\'' || text.compare(i, 2, "${") == 0;
        made.append(doubled ? 2 : 1, text[i]);
    }
    return made + "'";
}

/// The profile that `a+b` stands for. Its name has each part's place, so that it needs no folder.
std::unique_ptr<SourceText> put_together(std::vector<std::string> parts,
                                         const std::filesystem::path& folder) {
    std::string name;
    std::string summary;
    std::string list;
    bool in_catalogue = true;
    for (std::string& part : parts) {
        if (is_path(part)) {
            part = path_from(folder, part).string();
            in_catalogue = false;
        }
        name += (name.empty() ? "" : "+") + part;
        summary += (summary.empty() ? "" : " + ") + part;
        list += (list.empty() ? "" : ", ") + yaml_of(part);
    }
    return std::make_unique<SourceText>(
        name, "summary: " + yaml_of(summary) + "\nextends: [" + list + "]\n",
        std::filesystem::path(), in_catalogue);
}

std::variant<std::unique_ptr<SourceText>, NotFound> find_among_given(
    const std::string& name_or_path, const std::filesystem::path& folder,
    const std::shared_ptr<const GivenTexts>& given) {
    const auto path =
        is_path(name_or_path) ? path_from(folder, name_or_path) : std::filesystem::path();
    const auto name = path.empty() ? name_or_path : path.string();
    const auto found = given->find(name);
    if (auto parts = parts_of(name_or_path); found == given->end() && !parts.empty()) {
        auto source = put_together(std::move(parts), folder);
        source->given = given;
        return source;
    }
    if (found == given->end()) {
        return NotFound{"the record has not got the profile " + in_quotes(name)};
    }
    auto source =
        std::make_unique<SourceText>(name, found->second, path.parent_path(), path.empty());
    source->given = given;
    return source;
}

}  // namespace

std::variant<std::unique_ptr<SourceText>, NotFound> open_source(
    const std::string& name_or_path, const std::filesystem::path& folder, FileKind kind,
    const std::shared_ptr<const GivenTexts>& given) {
    if (given) {
        return find_among_given(name_or_path, folder, given);
    }
    if (auto parts = parts_of(name_or_path); !parts.empty()) {
        std::error_code ignored;
        if (!is_path(name_or_path) ||
            !std::filesystem::exists(path_from(folder, name_or_path), ignored)) {
            return put_together(std::move(parts), folder);
        }
    }
    if (!is_path(name_or_path)) {
        if (const auto entry = find_in_catalogue(name_or_path)) {
            return std::make_unique<SourceText>(name_or_path, std::string(entry->text),
                                                std::filesystem::path(), true);
        }
        return NotFound{no_such_profile(name_or_path)};
    }
    const auto path = path_from(folder, name_or_path);
    auto text = read_file(path, max_profile_bytes, kind);
    if (const auto* error = std::get_if<ReadError>(&text)) {
        return NotFound{"the profile " + in_quotes(path.string()) +
                        " cannot be read: " + error->reason};
    }
    return std::make_unique<SourceText>(path.string(), std::move(std::get<std::string>(text)),
                                        path.parent_path(), false);
}

std::string refuse_text(std::string_view text) {
    if (text.size() > max_profile_bytes) {
        return "a profile is at most 1 MiB long";
    }
    if (!is_utf8(text)) {
        return "this is not a text file in UTF-8";
    }
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f) {
            return "this is not a text file: it has control characters";
        }
    }
    return {};
}

}  // namespace ghostpeer::profile
