#include "show/test_reports.hpp"

#include "event/exit_status.hpp"
#include "event/text.hpp"
#include "ghostpeer/event/verdict.hpp"
#include "show/file_sink.hpp"
#include "show/report_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace ghostpeer::show {

namespace {

// Cases ------------------------------------------------------------------------------------------

/// The suite of what no profile says.
constexpr std::string_view run_suite = "ghostpeer run";

/// What the run as a whole had to do, an expectation, or a rule that has to fire.
struct Case {
    std::string profile;  ///< or `run_suite`
    std::string name;
    profile::Place place;
    std::string failure;  ///< empty: it passed
    std::vector<std::string> excerpt;
    std::string skipped{};  ///< why it was not judged; empty: it was
};

std::vector<Case> cases_of(const event::Verdict& verdict) {
    std::vector<Case> cases;
    for (const auto& rule : verdict.rules) {
        if (rule.must_fire) {
            cases.push_back({rule.profile,
                             fmt::format("fires on: {} (line {})", rule.event, rule.rule.line),
                             rule.rule,
                             rule.failure,
                             {}});
        }
    }
    for (const auto& each : verdict.expectations) {
        cases.push_back({each.profile, fmt::format("{} (line {})", each.text, each.place.line),
                         each.place, each.failure, each.excerpt});
    }
    for (const auto& check : verdict.checks) {
        cases.push_back({std::string(run_suite), check.name, {}, check.failure, {}, check.skipped});
    }
    return cases;
}

// JUnit ------------------------------------------------------------------------------------------

std::string junit_case(const Case& one) {
    auto text =
        fmt::format(R"(    <testcase classname="{}" name="{}")", xml(one.profile), xml(one.name));
    if (one.place.file) {
        text += fmt::format(R"( file="{}" line="{}")", xml(*one.place.file), one.place.line);
    }
    text += " time=\"0\"";
    if (!one.skipped.empty()) {
        return text + fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n",
                                  xml(one.skipped));
    }
    if (one.failure.empty()) {
        return text + "/>\n";
    }
    text += fmt::format(">\n      <failure message=\"{}\" type=\"{}\">{}", xml(one.failure),
                        one.profile == run_suite ? "run" : "expectation", xml(one.failure));
    for (const auto& line : one.excerpt) {
        text += "\n" + xml(line);
    }
    return text + "</failure>\n    </testcase>\n";
}

std::string junit_property(std::string_view name, std::string_view value) {
    return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, xml(value));
}

std::size_t failures_of(const std::vector<Case>& cases) {
    return static_cast<std::size_t>(std::count_if(
        cases.begin(), cases.end(), [](const Case& one) { return !one.failure.empty(); }));
}

std::size_t skipped_of(const std::vector<Case>& cases) {
    return static_cast<std::size_t>(std::count_if(
        cases.begin(), cases.end(), [](const Case& one) { return !one.skipped.empty(); }));
}

/// Stands for the verdict of a run that is not over, or never came to its end.
event::Verdict unfinished() {
    return verdict_of_none("The run did not end: ghostpeer could not begin it, or was killed.",
                           exit_cannot);
}

/// The writer of one text at the end of the run.
class Report final : public FileSink {
  public:
    using Make = std::string (*)(const event::Verdict& verdict);
    Report(OutputFile file, Make make, bool behind_output = false)
        : FileSink(std::move(file)), make_(make), behind_output_(behind_output) {
        // An empty file looks like a suite without failures, and the last run's like this one's.
        if (output().rewritable()) {
            output().replace(make_(unfinished()));
        }
    }

    void record(const event::Event& event) override {
        const auto* verdict = std::get_if<std::shared_ptr<const event::Verdict>>(&event.what);
        if (verdict == nullptr) {
            return;
        }
        if (output().rewritable()) {
            output().replace(make_(**verdict));
        } else if (!written_) {
            // What COMMAND wrote there before may have no line end.
            output().write((behind_output_ ? "\n" : "") + make_(**verdict));
        }
        written_ = true;
    }
    [[nodiscard]] bool vital() const override { return true; }

  private:
    Make make_;
    bool behind_output_;
    bool written_ = false;
};

}  // namespace

event::Verdict verdict_of_none(const std::string& sentence, int status) {
    event::Verdict verdict;
    verdict.checks.push_back({"the run ends", sentence, {}});
    verdict.headline = "ERROR: " + sentence;
    verdict.status = status;
    return verdict;
}

std::string to_junit(const event::Verdict& verdict) {
    const auto cases = cases_of(verdict);
    const double seconds = to_seconds(verdict.length);
    auto text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<testsuites name=\"ghostpeer\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
        "time=\"{:.6f}\">\n",
        cases.size(), failures_of(cases), seconds);
    auto suites = verdict.profiles;
    suites.emplace_back(run_suite);
    for (const auto& profile : suites) {
        std::vector<Case> own;
        std::copy_if(cases.begin(), cases.end(), std::back_inserter(own),
                     [&](const Case& one) { return one.profile == profile; });
        const auto name = verdict.kernel.empty() ? profile : profile + " on " + verdict.kernel;
        text += fmt::format(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" "
            "time=\"{:.6f}\">\n    <properties>\n",
            xml(name), own.size(), failures_of(own), skipped_of(own), seconds);
        text += junit_property("seed", std::to_string(verdict.seed));
        text += junit_property("ended", verdict.ended);
        text += junit_property("verdict", verdict.headline);
        text += junit_property("status", std::to_string(verdict.status));
        if (!verdict.kernel.empty()) {
            text += junit_property("kernel", verdict.kernel);
        }
        text += "    </properties>\n";
        for (const auto& one : own) {
            text += junit_case(one);
        }
        text += "  </testsuite>\n";
    }
    return text + "</testsuites>\n";
}

std::string to_tap(const event::Verdict& verdict) {
    const auto cases = cases_of(verdict);
    auto text = fmt::format("TAP version 14\n1..{}\n", cases.size());
    std::size_t number = 0;
    for (const auto& one : cases) {
        text += fmt::format("{} {} - {}: {}{}\n", one.failure.empty() ? "ok" : "not ok", ++number,
                            tap_text(one.profile), tap_text(one.name),
                            one.skipped.empty() ? "" : " # SKIP " + tap_text(one.skipped));
        if (one.failure.empty()) {
            continue;
        }
        text += fmt::format("  ---\n  message: {}\n  severity: fail\n", in_quotes(one.failure));
        if (one.place.file) {
            text +=
                fmt::format("  file: {}\n  line: {}\n", in_quotes(*one.place.file), one.place.line);
        }
        if (!one.excerpt.empty()) {
            text += "  conversation:\n";
            for (const auto& line : one.excerpt) {
                text += "    - " + in_quotes(line) + "\n";
            }
        }
        text += "  ...\n";
    }
    const auto kernel = verdict.kernel.empty() ? "" : " on " + verdict.kernel;
    return text + fmt::format("# ghostpeer{}: {} (status {}, seed {})\n", kernel,
                              event::printable(verdict.headline), verdict.status, verdict.seed);
}

std::unique_ptr<event::Sink> make_junit(OutputFile file) {
    return std::make_unique<Report>(std::move(file), &to_junit);
}

std::unique_ptr<event::Sink> make_tap(OutputFile file, bool behind_output) {
    return std::make_unique<Report>(std::move(file), &to_tap, behind_output);
}

}  // namespace ghostpeer::show
