#include "sweep/snapshot.hpp"

#include "event/text.hpp"
#include "posix/shell_words.hpp"

#include <fmt/format.h>

namespace ghostpeer::sweep {
namespace {

constexpr std::string_view separator = "\": \"";

[[nodiscard]] std::string summarise(const Result& result) {
    std::string text{name(result.outcome)};
    if (result.outcome == Outcome::unreached || result.outcome == Outcome::undone ||
        result.outcome == Outcome::hang) {
        return text;
    }
    if (!result.signal.empty()) {
        text += ", " + result.signal;
    } else if (result.status) {
        text += fmt::format(", status {}", *result.status);
    }
    return text + ", " + std::string(time_class(result.seconds)) + describe_rest(result);
}

/// As YAML's double quotes want it.
[[nodiscard]] std::string escape(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        escaped += c == '"' || c == '\\' ? std::string{'\\', c}
                   : c == '\n'           ? std::string("\\n")
                                         : std::string(1, c);
    }
    return escaped;
}

[[nodiscard]] std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escaped = text[at] == '\\' && at + 1 < text.size();
        at += escaped ? 1U : 0U;
        plain += escaped && text[at] == 'n' ? '\n' : text[at];
    }
    return plain;
}

}  // namespace

Snapshot take_snapshot(const Plan& plan, const Results& results) {
    Snapshot snapshot;
    for (const Case& one : plan.cases) {
        if (const auto found = results.find(one.number); found != results.end()) {
            snapshot[one.column.empty() ? one.row : one.row + ", " + one.column] =
                summarise(found->second);
        }
    }
    return snapshot;
}

std::string to_yaml(const Snapshot& snapshot, const std::vector<std::string>& command) {
    std::string text =
        "# What the program does when its peer fails. Written by `ghostpeer`, compared by\n"
        "# `--snapshot`; `--update` accepts what has changed.\n";
    text += fmt::format("command: \"{}\"\nruns:\n", escape(shell_line(command)));
    for (const auto& [where, what] : snapshot) {
        text += fmt::format("  \"{}{}{}\"\n", escape(where), separator, escape(what));
    }
    return text;
}

tl::expected<Snapshot, std::string> parse_snapshot(std::string_view text) {
    Snapshot snapshot;
    std::size_t number = 0;
    bool in_runs = false;
    for (std::string line : lines_of(text)) {
        ++number;
        while (!line.empty() &&
               (line.back() == '\n' || line.back() == '\r' || line.back() == ' ')) {
            line.pop_back();
        }
        if (line.empty() || line.starts_with('#') || line.starts_with("command: ")) {
            continue;
        }
        if (line == "runs:") {
            in_runs = true;
            continue;
        }
        const auto middle = line.find(separator);
        if (!in_runs || !line.starts_with("  \"") || !line.ends_with('"') ||
            middle == std::string::npos || middle + separator.size() >= line.size()) {
            return tl::make_unexpected(
                fmt::format("line {} is no line of a snapshot, `  \"WHERE\": \"WHAT\"`", number));
        }
        const std::size_t what = middle + separator.size();
        snapshot[unescape(std::string_view(line).substr(3, middle - 3))] =
            unescape(std::string_view(line).substr(what, line.size() - 1 - what));
    }
    if (!in_runs) {
        return tl::make_unexpected("there is no `runs:` in it");
    }
    return snapshot;
}

std::vector<Change> compare(const Snapshot& before, const Snapshot& now) {
    std::vector<Change> changes;
    for (const auto& [where, what] : before) {
        const auto found = now.find(where);
        if (found == now.end()) {
            changes.push_back({where, what, {}});
        } else if (found->second != what) {
            changes.push_back({where, what, found->second});
        }
    }
    for (const auto& [where, what] : now) {
        if (!before.contains(where)) {
            changes.push_back({where, {}, what});
        }
    }
    return changes;
}

std::string describe(const std::vector<Change>& changes) {
    std::string text;
    for (const Change& change : changes) {
        std::string line = change.where + ": ";
        line += change.before.empty() ? "new: " + change.now
                : change.now.empty()  ? "is no more (was: " + change.before + ")"
                                      : change.now + " (was: " + change.before + ")";
        text += "  " + event::printable(line) + "\n";
    }
    return text;
}

}  // namespace ghostpeer::sweep
