#include "cli/judge_command.hpp"

#include "event/exit_status.hpp"
#include "event/record_file.hpp"
#include "judge/judge.hpp"
#include "judge/profiles.hpp"
#include "posix/message.hpp"
#include "show/test_reports.hpp"
#include "show/verdict_text.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace ghostpeer::cli {
namespace {

/// More than a run is given at one time.
constexpr std::size_t max_profiles_at_once = 10'000;

/// Reads the record and tells the judge. The problem is made of lines with their ends; empty: the
/// run has been told to its end.
class Reading {
  public:
    Reading(const JudgeRequest& request, judge::Judge& judge)
        : request_(request), judge_(judge), profiles_(request.profiles) {}

    [[nodiscard]] std::string read() {
        auto file = event::RecordFile::open(request_.record);
        if (!file) {
            return sentence(file.error());
        }
        event::Event event;
        while (const auto line = file->next(event)) {
            if (*line == event::Line::malformed) {
                return sentence(fmt::format("{}, {}.", request_.record, file->reader().problem()));
            }
            if (*line != event::Line::event) {
                continue;
            }
            if (auto problem = take(event); !problem.empty()) {
                return problem;
            }
        }
        if (!file->failure().empty()) {
            return sentence(file->failure());
        }
        return missing();
    }

  private:
    [[nodiscard]] static std::string sentence(const std::string& text) {
        return "ghostpeer: " + text + "\n";
    }

    [[nodiscard]] std::string missing() const {
        if (!begun_) {
            return sentence(fmt::format(
                "{} cannot be judged: no event `run` stands at its beginning. `ghostpeer run "
                "--events FILE` writes a record.",
                request_.record));
        }
        if (!judge_.over()) {
            return sentence(
                fmt::format("{} cannot be judged: it is cut short, before the run's `end`. The "
                            "run may still be under way.",
                            request_.record));
        }
        if (!profiles_.left().empty()) {
            return sentence(
                fmt::format("{}: no profile of this run has that name.", profiles_.left().front()));
        }
        return {};
    }

    [[nodiscard]] std::string take(const event::Event& event) {
        const bool is_run = std::holds_alternative<std::shared_ptr<const event::Run>>(event.what);
        if (begun_ == is_run) {
            return is_run ? sentence(fmt::format("{} cannot be judged: it has several runs.",
                                                 request_.record))
                          : missing();
        }
        begun_ = true;
        if (const auto* profile = std::get_if<std::shared_ptr<const event::Profile>>(&event.what)) {
            if (told_.size() >= max_profiles_at_once) {
                return sentence(fmt::format(
                    "{} cannot be judged: it tells of more than {} profiles at one time.",
                    request_.record, max_profiles_at_once));
            }
            told_.push_back(**profile);
            told_at_ = event.at;
            return {};
        }
        // Whose place another one takes is clear once all are known that are told at once.
        if (auto problem = is_run ? std::string() : take_profiles(); !problem.empty()) {
            return problem;
        }
        if (!judge_.over()) {
            judge_.record(event);
        }
        return {};
    }

    [[nodiscard]] std::string take_profiles() {
        if (told_.empty()) {
            return {};
        }
        auto loaded = profiles_.load(std::exchange(told_, {}));
        if (!loaded) {
            return std::move(loaded.error());
        }
        for (event::Profile& profile : *loaded) {
            judge_.record(
                {told_at_, 0, 0, std::make_shared<const event::Profile>(std::move(profile))});
        }
        return {};
    }

    const JudgeRequest& request_;
    judge::Judge& judge_;
    judge::Profiles profiles_;
    std::vector<event::Profile> told_;
    Instant told_at_{};
    bool begun_ = false;
};

/// False, and said, where it could not be written.
[[nodiscard]] bool write_report(
    const std::string& path, const char* what, const event::Event& verdict,
    const std::function<std::unique_ptr<event::Sink>(show::OutputFile)>& make) {
    auto file = path == "-" ? show::OutputFile::adopt(STDOUT_FILENO, "standard output", what)
                            : show::OutputFile::open(path, what);
    if (!file) {
        complain(file.error());
        return false;
    }
    const auto sink = make(std::move(*file));
    sink->record(verdict);
    sink->finish();
    if (const auto lost = sink->lost()) {
        complain(*lost);
        return false;
    }
    return true;
}

}  // namespace

int judge_command(const JudgeRequest& request) {
    judge::Judge judge;
    if (const std::string problem = Reading(request, judge).read(); !problem.empty()) {
        print_message(problem);
        return exit_cannot;
    }
    const auto verdict = std::make_shared<const event::Verdict>(judge.verdict());
    const event::Event told{run_start + verdict->length, 0, 0, verdict};
    bool written = true;
    if (request.junit_file) {
        written = write_report(*request.junit_file, "JUnit report", told, show::make_junit);
    }
    if (request.tap_file) {
        written =
            write_report(*request.tap_file, "TAP report", told,
                         [](show::OutputFile file) { return show::make_tap(std::move(file)); }) &&
            written;
    }
    if (request.tap_file == "-") {
        print_message(show::to_text(*verdict, shows_colour(STDERR_FILENO)));
    } else {
        written = print_output(show::to_text(*verdict, shows_colour(STDOUT_FILENO))) && written;
    }
    return written ? verdict->status : exit_cannot;
}

}  // namespace ghostpeer::cli
