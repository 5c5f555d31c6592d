#include "sweep/runs.hpp"

#include "posix/shell_words.hpp"
#include "sweep/requests.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace ghostpeer::sweep {
namespace {

namespace fs = std::filesystem;

[[nodiscard]] fs::path with(const Stem& stem, const char* ending) {
    fs::path path = stem;
    path += ending;
    return path;
}

[[nodiscard]] std::string whole_path(const fs::path& path) {
    std::error_code error;
    const fs::path whole = fs::absolute(path, error);
    return error ? path.string() : whole.string();
}

/// A path that `run` takes for one.
[[nodiscard]] std::string as_profile(const fs::path& path) {
    return path.is_absolute() || path.string().starts_with(".") ? path.string()
                                                                : "./" + path.string();
}

[[nodiscard]] Step shell(const std::string& command, const std::string& errors,
                         const std::string& folder) {
    Step step;
    step.command = {"sh", "-c", command};
    step.folder = folder;
    step.errors = errors;
    return step;
}

/// What may come before it on standard error is COMMAND's.
constexpr std::size_t longest_complaint = 64 * 1024;

/// What ghostpeer itself said on standard error, its first sentence.
[[nodiscard]] std::string complaint_in(const std::string& errors) {
    constexpr std::string_view before = "ghostpeer: ";
    const auto lines = lines_of(errors);
    const auto own = std::find_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.starts_with(before);
    });
    const std::string first = own != lines.end() ? own->substr(before.size())
                              : lines.empty()    ? std::string()
                                                 : lines.front();
    return first.substr(0, first.find('\n'));
}

[[nodiscard]] std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

/// PROFILE, or where it is.
void add_profile(std::vector<std::string>& words, const Case& one, const std::string& profile) {
    for (const std::string& peer : one.peers) {
        words.emplace_back("--peer");
        std::string place = peer;
        place += '=';
        place += profile;
        words.push_back(std::move(place));
    }
    if (one.peers.empty()) {
        words.push_back(profile);
    }
    words.emplace_back("--");
    words.insert(words.end(), one.command.begin(), one.command.end());
}

}  // namespace

Job make_job(const Plan& plan, const Case& one, const Stem& stem, const std::string& program) {
    Job job;
    job.number = one.number;
    const std::string errors = whole_path(with(stem, ".around"));
    const bool is_copy = !plan.around.copy.empty();
    const std::string folder = is_copy ? whole_path(with(stem, ".copy")) : std::string();
    if (is_copy) {
        Step copy;
        copy.command = {"cp", "-a", "--", plan.around.copy, folder};
        copy.errors = errors;
        job.steps.push_back(copy);
    }
    if (!plan.around.setup.empty()) {
        job.steps.push_back(shell(plan.around.setup, errors, folder));
    }
    Step run;
    run.program = program;
    run.is_run = true;
    run.folder = folder;
    run.output = whole_path(with(stem, ".out"));
    run.errors = whole_path(with(stem, ".err"));
    run.command = {"ghostpeer", "run"};
    run.command.insert(run.command.end(), one.options.begin(), one.options.end());
    for (const std::string& word : {std::string("-q"), std::string("-o"), std::string("/dev/null"),
                                    std::string("--events"), whole_path(with(stem, ".jsonl")),
                                    std::string("--pcap"), whole_path(with(stem, ".pcap"))}) {
        run.command.push_back(word);
    }
    const bool is_file = !one.rules.empty();
    add_profile(run.command, one,
                !is_file  ? one.profile
                : is_copy ? whole_path(with(stem, ".yaml"))
                          : as_profile(with(stem, ".yaml")));
    job.steps.push_back(run);
    if (!plan.around.teardown.empty()) {
        job.steps.push_back(shell(plan.around.teardown, errors, folder));
    }
    return job;
}

std::string repeat_line(const Case& one, const Folder& folder) {
    std::vector<std::string> words{"ghostpeer", "run"};
    words.insert(words.end(), one.options.begin(), one.options.end());
    add_profile(words, one,
                one.rules.empty() ? one.profile : as_profile(folder.file(one.number, "yaml")));
    return shell_line(words);
}

Evidence collect(const Stem& stem, const JobEnd& end) {
    Evidence evidence;
    if (auto record = read_record(with(stem, ".jsonl"))) {
        evidence.record = std::move(*record);
    }
    evidence.output = read_output(with(stem, ".out"));
    evidence.errors = read_errors(with(stem, ".err"));
    evidence.repeated = count_repeated(evidence.record, with(stem, ".pcap"));
    evidence.run_status = end.run_status.value_or(0);
    evidence.complaint = end.problem;
    evidence.failed_around = !end.problem.empty();
    const std::string said = first_line(read_text(with(stem, ".around"), longest_complaint));
    if (!end.problem.empty() && !said.empty()) {
        evidence.complaint += " It said: " + said;
    }
    if (evidence.complaint.empty()) {
        evidence.complaint = complaint_in(read_text(with(stem, ".err"), longest_complaint));
    }
    std::error_code ignored;
    fs::remove(with(stem, ".pcap"), ignored);
    fs::remove_all(with(stem, ".copy"), ignored);
    return evidence;
}

}  // namespace ghostpeer::sweep
