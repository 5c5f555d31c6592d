#include "learn/draft.hpp"

#include "ghostpeer/profile/loader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <string_view>

namespace ghostpeer::learn {

using namespace std::chrono_literals;

namespace {

/// Of the last of three digits that a time is told with.
Duration unit_of(Duration time) {
    Duration unit = 1us;
    while (time / unit >= 1000) {
        unit *= 10;
    }
    return unit;
}

}  // namespace

std::string rounded(Duration time) {
    if (time <= Duration{}) {
        return "0s";
    }
    const Duration unit = unit_of(time);
    const Duration near = (time + unit / 2) / unit * unit;
    return profile::format_time(std::max<Duration>(near, 1us));
}

std::string rounded_down(Duration time) {
    const Duration unit = unit_of(time);
    return profile::format_time(std::max<Duration>(time / unit * unit, 1us));
}

namespace {

constexpr std::size_t longest_inline = 600;     // bytes of a text that stand in the profile
constexpr std::size_t longest_hex = 64;         // likewise of what is no text
constexpr std::size_t longest_rehearsed = 512;  // beyond it any bytes will do
constexpr std::size_t line_width = 92;

/// A character of UTF-8 that begins at `at`, in bytes; 0: none does.
std::size_t character(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    std::size_t length = 0;
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc3 && lead < 0xe0) {
        length = 2;
    } else if (lead >= 0xe1 && lead < 0xed) {
        length = 3;
    }
    if (length == 0 || at + length > text.size()) {
        return 0;  // of what is legal, that which no control character or surrogate hides in
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xc0U) != 0x80) {
            return 0;
        }
    }
    return length;
}

bool is_text(std::string_view text) {
    std::size_t odd = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character(text, at);
        if (length == 0 || text[at] == '\0' || text[at] == 0x7f) {
            return false;
        }
        if (length == 1 && static_cast<unsigned char>(text[at]) < 0x20 && text[at] != '\r' &&
            text[at] != '\n' && text[at] != '\t') {
            ++odd;
        }
        at += length;
    }
    return odd * 10 <= text.size();
}

const wire::Bytes& known(const Step& step) {
    static const wire::Bytes none;
    return step.bytes ? *step.bytes : none;
}

std::string_view as_text(const wire::Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_escaped(std::string& out, std::string_view text, std::size_t at, std::size_t length) {
    const char c = text[at];
    if (length > 1) {
        out += text.substr(at, length);
        return;
    }
    switch (c) {
        case '\r': out += "\\r"; return;
        case '\n': out += "\\n"; return;
        case '\t': out += "\\t"; return;
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        default: break;
    }
    if (static_cast<unsigned char>(c) < 0x20) {
        out += fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else if (c == '$' && at + 1 < text.size() && text[at + 1] == '{') {
        out += "$$";
    } else {
        out += c;
    }
}

/// In double quotes, on lines of their own where it is long, each with that much before it.
std::string folded(std::string_view text, std::size_t indent, bool fold = true) {
    std::string out = "\"";
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = std::max<std::size_t>(character(text, at), 1);
        append_escaped(out, text, at, length);
        at += length;
        const std::size_t width = out.size() - begin + indent;
        const bool at_end = text[at - 1] == '\n' && width > line_width / 2;
        if (fold && at < text.size() && (at_end || width > line_width)) {
            // A backslash joins the lines, and keeps the next one's first space.
            out += "\\\n" + std::string(indent, ' ');
            begin = out.size();
            if (text[at] == ' ' || text[at] == '\t') {
                out += '\\';
            }
        }
    }
    return out + "\"";
}

std::string hex(const wire::Bytes& bytes) { return fmt::format("{:02x}", fmt::join(bytes, " ")); }

class Writer {
  public:
    explicit Writer(bool inline_bytes) : inline_(inline_bytes) {}

    Written take() { return {std::move(text_), std::move(files_)}; }

    void sheet(const Sheet& sheet) {
        for (const std::string& line : sheet.head) {
            text_ += "# " + line + "\n";
        }
        text_ += "summary: " + folded(sheet.summary, 2, false) + "\n";
        if (!sheet.details.empty()) {
            text_ += "details: |\n";
            for (const std::string& line : sheet.details) {
                text_ += line.empty() ? "\n" : "  " + line + "\n";
            }
        }
        if (sheet.client) {
            text_ += "role: client\n";
            text_ += fmt::format("client: {{port: {}, connections: {}}}\n", sheet.port,
                                 sheet.connections);
        }
        const Draft& first = sheet.attempts.front().draft;
        if (sheet.attempts.size() == 1) {
            draft(first, 0);
            return;
        }
        entries("link", first.link, 0);  // one for all of them
        text_ += "attempts:\n";
        for (std::size_t i = 0; i < sheet.attempts.size(); ++i) {
            const Sheet::Attempt& attempt = sheet.attempts[i];
            const bool last = i + 1 == sheet.attempts.size();
            text_ += last ? fmt::format("  {}+:\n", attempt.first)
                     : attempt.first == attempt.last
                         ? fmt::format("  {}:\n", attempt.first)
                         : fmt::format("  {}-{}:\n", attempt.first, attempt.last);
            Draft own = attempt.draft;
            own.link.clear();
            const std::size_t before = text_.size();
            draft(own, 4);
            if (text_.size() == before) {
                text_ += "    rules: []\n";
            }
        }
    }

  private:
    void line(std::size_t indent, std::string_view text) {
        text_.append(indent, ' ');
        text_ += text;
        text_ += '\n';
    }

    void entries(std::string_view key, const std::vector<Entry>& entries, std::size_t indent) {
        if (entries.empty()) {
            return;
        }
        std::string out = fmt::format("{}: {{", key);
        std::size_t begin = 0;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const std::string entry = entries[i].first + ": " + entries[i].second;
            if (i > 0) {
                out += ",";
                if (out.size() - begin + entry.size() + indent > line_width) {
                    out += "\n" + std::string(indent + 2, ' ');
                    begin = out.size();
                } else {
                    out += " ";
                }
            }
            out += entry;
        }
        line(indent, out + "}");
    }

    void draft(const Draft& draft, std::size_t indent) {
        entries("tcp", draft.tcp, indent);
        entries("ip", draft.ip, indent);
        entries("link", draft.link, indent);
        if (!draft.script.empty()) {
            line(indent, "service:");
            line(indent + 2, "script:");
            for (const Step& one : draft.script) {
                step(one, indent + 4);
            }
        } else if (!draft.service.empty()) {
            line(indent, "service: " + draft.service);
        }
        if (draft.keep_open) {
            line(indent, "after_eof: keep-open");
        }
        if (!draft.rules.empty()) {
            line(indent, "rules:");
            for (const Rule& one : draft.rules) {
                rule(one, indent + 2);
            }
        }
    }

    void comment(std::string_view words, std::size_t indent) {
        if (!words.empty() && !inline_) {
            line(indent, fmt::format("# {}", words));
        }
    }

    void rule(const Rule& rule, std::size_t indent) {
        comment(rule.comment, indent);
        const bool bare = rule.on.find_first_of("\"'/") != std::string::npos;
        std::string out = fmt::format("- {{on: {}", rule.on);
        if (rule.on.starts_with('[')) {
            out = fmt::format("- {{on: {}", rule.on);
        } else if (bare) {
            out = fmt::format("- {{on: '{}'", rule.on);
        }
        for (const auto& [key, value] : rule.filters) {
            out += fmt::format(", {}: {}", key, value);
        }
        const std::string deeds = rule.actions.size() == 1
                                      ? rule.actions.front()
                                      : fmt::format("[{}]", fmt::join(rule.actions, ", "));
        const std::string optional = rule.optional ? ", optional: true" : "";
        if (indent + out.size() + deeds.size() + optional.size() + 7 > line_width + 6) {
            line(indent, out + ",");
            line(indent + 3, fmt::format("do: {}{}}}", deeds, optional));
        } else {
            line(indent, fmt::format("{}, do: {}{}}}", out, deeds, optional));
        }
    }

    void step(const Step& step, std::size_t indent) {
        comment(step.comment, indent);
        switch (step.kind) {
            case Step::Kind::close: line(indent, "- close"); return;
            case Step::Kind::shutdown: line(indent, "- shutdown"); return;
            case Step::Kind::pause: line(indent, "- pause: " + step.value); return;
            case Step::Kind::expect: line(indent, "- expect: " + step.value); return;
            case Step::Kind::say: say(step, indent); return;
        }
    }

    /// The head of a message that has one, where the whole is long.
    static std::size_t head_length(const Step& step) {
        const std::string_view text = as_text(known(step));
        const std::size_t end = text.find("\r\n\r\n");
        return end == std::string_view::npos || end + 4 > longest_inline * 2 ||
                       !is_text(text.substr(0, end + 4))
                   ? 0
                   : end + 4;
    }

    void say(const Step& step, std::size_t indent) {
        const bool whole = step.length <= known(step).size();
        if (inline_ && (!whole || step.length > longest_rehearsed)) {
            said(fmt::format("bytes: {}", step.length), step, indent);
            return;
        }
        if (!whole) {
            said(fmt::format("bytes: {}", step.length), step, indent);
            return;
        }
        const std::string_view text = as_text(known(step));
        if (!inline_ && known(step).size() > longest_inline && step.pieces == 0 && step.rate == 0) {
            if (const std::size_t head = head_length(step); head > 0 && head < text.size()) {
                Step first = step;
                const auto begin = known(step).begin();
                const auto middle = begin + static_cast<std::ptrdiff_t>(head);
                first.bytes = std::make_shared<const wire::Bytes>(begin, middle);
                first.length = head;
                first.push = false;
                say(first, indent);
                Step rest = step;
                rest.bytes = std::make_shared<const wire::Bytes>(middle, known(step).end());
                rest.length = rest.bytes->size();
                say(rest, indent);
                return;
            }
        }
        if (is_text(text) && (inline_ || text.size() <= longest_inline)) {
            if (step.push && step.pieces == 0 && step.rate == 0) {
                line(indent, "- say: " + folded(text, indent + 4));
            } else {
                said("text: " + folded(text, indent + 4), step, indent);
            }
        } else if (inline_ || known(step).size() <= longest_hex) {
            said("hex: \"" + hex(known(step)) + "\"", step, indent);
        } else {
            said("file: " + file(step), step, indent);
        }
    }

    void said(std::string what, const Step& step, std::size_t indent) {
        if (step.pieces > 0) {
            what += fmt::format(", pieces: {}", step.pieces);
        }
        if (step.rate > 0) {
            what += fmt::format(", rate: {}B/s", step.rate);
        }
        if (!step.push) {
            what += ", push: false";
        }
        line(indent, fmt::format("- say: {{{}}}", what));
    }

    std::string file(const Step& step) {
        for (const PayloadFile& one : files_) {
            if (one.bytes == known(step)) {
                return one.name;
            }
        }
        const bool text = is_text(as_text(known(step)));
        files_.push_back(
            {fmt::format("said-{}.{}", files_.size() + 1, text ? "txt" : "bin"), known(step)});
        return files_.back().name;
    }

    bool inline_;
    std::string text_;
    std::vector<PayloadFile> files_;
};

}  // namespace

std::string quoted(const std::string& text) {
    return is_text(text) ? folded(text, 0, false)
                         : fmt::format("{{hex: \"{}\"}}", hex({text.begin(), text.end()}));
}

Written write(const Sheet& sheet, bool inline_bytes) {
    Writer writer(inline_bytes);
    writer.sheet(sheet);
    return writer.take();
}

}  // namespace ghostpeer::learn
