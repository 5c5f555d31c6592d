#include "sweep/reports.hpp"

#include "posix/shell_words.hpp"
#include "show/report_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ghostpeer::sweep {
namespace {

using Json = nlohmann::ordered_json;
using show::in_quotes;
using show::tap_text;
using show::xml;

constexpr int json_format = 1;

[[nodiscard]] const Result* find_result(const Results& results, const Case& one) {
    const auto found = results.find(one.number);
    return found == results.end() ? nullptr : &found->second;
}

[[nodiscard]] std::string title(const Case& one) {
    return one.column.empty() ? one.row : one.row + ", " + one.column;
}

enum class Verdict { passed, failed, skipped };

[[nodiscard]] Verdict verdict_of(const Result* result, const std::vector<Outcome>& failures) {
    if (result == nullptr || result->outcome == Outcome::unreached) {
        const bool asked = result != nullptr && std::find(failures.begin(), failures.end(),
                                                          result->outcome) != failures.end();
        return asked ? Verdict::failed : Verdict::skipped;
    }
    const bool failed =
        result->outcome == Outcome::undone ||
        std::find(failures.begin(), failures.end(), result->outcome) != failures.end();
    return failed ? Verdict::failed : Verdict::passed;
}

[[nodiscard]] std::string sentence(const Result* result) {
    if (result == nullptr) {
        return "not run";
    }
    std::string text =
        fmt::format("{}: {}{}", name(result->outcome), describe(*result), describe_rest(*result));
    return result->remark.empty() ? text : text + "; " + result->remark;
}

}  // namespace

std::string to_json(const Plan& plan, const Results& results, const RepeatLine& repeat,
                    std::string_view version, const RepeatLine& page) {
    Json json;
    json["format"] = json_format;
    json["version"] = version;
    json["kind"] = plan.kind;
    json["profile"] = plan.subject;
    json["command"] = plan.command;
    for (const Baseline& baseline : plan.baselines) {
        json["baselines"].push_back({{"seconds", baseline.duration},
                                     {"attempts", baseline.attempts},
                                     {"left_behind", baseline.left_behind},
                                     {"left_open", baseline.left_open}});
    }
    json["positions"] = plan.columns;
    json["faults"] = plan.rows;
    json["left_out"] = plan.impossible;
    const auto counts = count_outcomes(results);
    for (std::size_t i = 0; i < counts.size(); ++i) {
        json["outcomes"][std::string(name(static_cast<Outcome>(i)))] = counts[i];
    }
    json["runs"] = Json::array();
    for (const Case& one : plan.cases) {
        Json run{{"number", one.number},
                 {"fault", one.row},
                 {"position", one.column},
                 {"place", one.place}};
        if (const Result* result = find_result(results, one)) {
            run["outcome"] = name(result->outcome);
            run["status"] = result->status ? Json(*result->status) : Json();
            run["signal"] = result->signal.empty() ? Json() : Json(result->signal);
            run["seconds"] = result->seconds;
            run["attempts"] = result->attempts;
            run["said"] = describe(*result) + describe_rest(*result);
            run["remark"] = result->remark;
            run["errors"] = name(result->errors);
            run["error_line"] = result->error_line;
            run["left_behind"] = result->left_behind;
            run["left_open"] = result->left_open;
        } else {
            run["outcome"] = nullptr;
        }
        run["repeat"] = repeat(one);
        if (const std::string own = page ? page(one) : std::string(); !own.empty()) {
            run["page"] = own;
        }
        json["runs"].push_back(std::move(run));
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_junit(const Plan& plan, const Results& results, const std::vector<Outcome>& failures,
                     const RepeatLine& repeat) {
    std::string cases;
    std::size_t failed = 0;
    std::size_t skipped = 0;
    double seconds = 0;
    for (const Case& one : plan.cases) {
        const Result* result = find_result(results, one);
        const double time = result == nullptr ? 0 : result->seconds;
        seconds += time;
        cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                             xml(plan.kind + "." + one.row), xml(title(one)), time);
        switch (verdict_of(result, failures)) {
            case Verdict::passed: cases += "/>\n"; break;
            case Verdict::skipped:
                ++skipped;
                cases += fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                                     xml(sentence(result)));
                break;
            case Verdict::failed:
                ++failed;
                cases += fmt::format(
                    ">\n      <failure message=\"{}\" type=\"{}\">{}</failure>\n    </testcase>\n",
                    xml(sentence(result)), result == nullptr ? "undone" : name(result->outcome),
                    xml(repeat(one)));
                break;
        }
    }
    const std::string sums = fmt::format(R"(tests="{}" failures="{}" skipped="{}" time="{:.3f}")",
                                         plan.cases.size(), failed, skipped, seconds);
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n  <testsuite name=\"{}\" "
        "{}>\n"
        "{}  </testsuite>\n</testsuites>\n",
        sums, xml("ghostpeer " + plan.kind + " " + shell_line(plan.command)), sums, cases);
}

std::string to_tap(const Plan& plan, const Results& results, const std::vector<Outcome>& failures,
                   const RepeatLine& repeat) {
    std::string text = fmt::format("TAP version 14\n1..{}\n", plan.cases.size());
    for (const Case& one : plan.cases) {
        const Result* result = find_result(results, one);
        const Verdict verdict = verdict_of(result, failures);
        text += fmt::format(
            "{} {} - {}{}\n", verdict == Verdict::failed ? "not ok" : "ok", one.number,
            tap_text(title(one)),
            verdict == Verdict::skipped ? " # SKIP " + tap_text(sentence(result)) : std::string());
        if (verdict == Verdict::failed) {
            text += fmt::format("  ---\n  message: {}\n  repeat: {}\n  ...\n",
                                in_quotes(sentence(result)), in_quotes(repeat(one)));
        }
    }
    return text;
}

}  // namespace ghostpeer::sweep
