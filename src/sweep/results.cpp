#include "sweep/results.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "posix/file_descriptor.hpp"
#include "show/open_output.hpp"

namespace ghostpeer::sweep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* plan_file = "plan.json";
constexpr const char* results_file = "results.jsonl";
constexpr const char* shard_file = "shard";
constexpr std::size_t longest_plan = std::size_t{1} << 30;
constexpr std::array<const char*, 8> endings{"out",  "err",  "around", "jsonl",
                                             "pcap", "html", "copy",   "yaml"};

[[nodiscard]] tl::expected<void, std::string> write_text(const FileDescriptor& fd,
                                                         const fs::path& file,
                                                         std::string_view text) {
    const auto fail = [&] {
        return tl::make_unexpected(
            fmt::format("{} cannot be written: {}.", file.string(), std::strerror(errno)));
    };
    if (!fd) {
        return fail();
    }
    while (!text.empty()) {
        const ssize_t written = ::write(fd.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return fail();
        }
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

constexpr const char* digits = "0123456789";

[[nodiscard]] bool is_path(const std::string& profile) {
    return profile.find('/') != std::string::npos || profile.ends_with(".yaml") ||
           profile.ends_with(".yml");
}

/// How a profile in `folder` names the one under test.
[[nodiscard]] std::string seen_from(const std::string& profile, const fs::path& folder) {
    std::error_code error;
    // Profiles that are put together, each by its own path.
    const auto plus = profile.find('+');
    if (plus != std::string::npos && !fs::exists(profile, error)) {
        return seen_from(profile.substr(0, plus), folder) + "+" +
               seen_from(profile.substr(plus + 1), folder);
    }
    if (!is_path(profile)) {
        return profile;
    }
    const fs::path relative = fs::relative(profile, folder, error);
    const std::string name =
        error || relative.empty() ? fs::absolute(profile, error).string() : relative.string();
    return is_path(name) ? name : "./" + name;
}

[[nodiscard]] bool has_ending(const std::string& name) {
    const auto dot = name.rfind('.');
    return dot != std::string::npos &&
           std::any_of(endings.begin(), endings.end(),
                       [&](const char* ending) { return name.substr(dot + 1) == ending; });
}

/// What a sweep alone writes, from its first run on: `baseline1a.out`.
[[nodiscard]] bool is_mark(const std::string& name) {
    constexpr std::string_view baseline = "baseline";
    if (name == plan_file || name == results_file || name == shard_file) {
        return true;
    }
    const auto letter = name.find_first_not_of(digits, std::min(baseline.size(), name.size()));
    return name.starts_with(baseline) && letter != std::string::npos && letter > baseline.size() &&
           (name[letter] == 'a' || name[letter] == 'b') && name.rfind('.') == letter + 1 &&
           has_ending(name);
}

/// What a sweep writes into its folder, and may remove.
[[nodiscard]] bool is_ours(const std::string& name) {
    const auto dot = name.rfind('.');
    const std::string stem = name.substr(0, dot);
    return is_mark(name) || (has_ending(name) && !stem.empty() &&
                             stem.find_first_not_of(digits) == std::string::npos);
}

}  // namespace

std::array<std::size_t, outcome_count> count_outcomes(const Results& results) {
    std::array<std::size_t, outcome_count> counts{};
    for (const auto& [number, result] : results) {
        ++counts[static_cast<std::size_t>(result.outcome)];
    }
    return counts;
}

std::string to_line(const Result& result) {
    Json json{{"number", result.number},
              {"outcome", name(result.outcome)},
              {"seconds", result.seconds},
              {"attempts", result.attempts}};
    if (result.status) {
        json["status"] = *result.status;
    }
    if (!result.signal.empty()) {
        json["signal"] = result.signal;
    }
    if (!result.remark.empty()) {
        json["remark"] = result.remark;
    }
    json["errors"] = name(result.errors);
    if (!result.error_line.empty()) {
        json["error_line"] = result.error_line;
    }
    json["left_behind"] = result.left_behind;
    json["left_open"] = result.left_open;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Results parse_results(std::string_view text) {
    Results results;
    for (const std::string& line : lines_of(text)) {
        const Json json = Json::parse(line, nullptr, false);
        try {
            const auto outcome = find_outcome(json.at("outcome").get<std::string>());
            Result result;
            json.at("number").get_to(result.number);
            json.at("seconds").get_to(result.seconds);
            json.at("attempts").get_to(result.attempts);
            if (json.contains("status")) {
                result.status = json.at("status").get<int>();
            }
            result.signal = json.value("signal", std::string());
            result.remark = json.value("remark", std::string());
            const std::string errors = json.value("errors", std::string());
            result.errors = errors == "same"    ? Result::Errors::same
                            : errors == "other" ? Result::Errors::other
                                                : Result::Errors::unknown;
            result.error_line = json.value("error_line", std::string());
            result.left_behind = json.value("left_behind", std::uint64_t{0});
            result.left_open = json.value("left_open", std::uint64_t{0});
            if (outcome) {
                result.outcome = *outcome;
                results[result.number] = std::move(result);
            }
        } catch (const Json::exception&) {
            continue;
        }
    }
    return results;
}

tl::expected<Folder, std::string> Folder::create(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        return tl::make_unexpected(
            fmt::format("The folder {} cannot be made: {}.", path.string(), error.message()));
    }
    std::vector<fs::path> old;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
        if (!is_ours(at->path().filename().string())) {
            return tl::make_unexpected(
                fmt::format("The folder {} holds {}, which no sweep has written; name another one "
                            "with --output.",
                            path.string(), at->path().filename().string()));
        }
        old.push_back(at->path());
    }
    const auto is_plain = [](const fs::path& file) { return !is_mark(file.filename().string()); };
    // Whoever is killed on the way may begin anew.
    const auto marks = std::partition(old.begin(), old.end(), is_plain);
    if (!error && !old.empty() && marks == old.end()) {  // 2024.html may be anybody's
        return tl::make_unexpected(
            fmt::format("The folder {} holds {}, but no plan or baseline of a sweep; name another "
                        "one with --output.",
                        path.string(), old.front().filename().string()));
    }
    for (const fs::path& file : old) {
        if (!error) {
            fs::remove_all(file, error);
        }
    }
    if (error) {
        return tl::make_unexpected(
            fmt::format("The folder {} cannot be emptied: {}.", path.string(), error.message()));
    }
    return Folder(path);
}

fs::path Folder::file(std::size_t number, std::string_view ending) const {
    return path_ / fmt::format("{}.{}", number_text(number), ending);
}

fs::path Folder::baseline_stem(std::size_t program, int which) const {
    return path_ / fmt::format("baseline{}{}", program + 1, which == 0 ? "a" : "b");
}

tl::expected<void, std::string> Folder::write(const fs::path& file, std::string_view text) const {
    const auto fd = show::open_output(file.string());
    if (!fd) {
        return tl::make_unexpected(
            fmt::format("{} cannot be written: {}", file.string(), fd.error()));
    }
    ::fcntl(fd->get(), F_SETFL, 0);  // the reader of a pipe may take its time
    return write_text(*fd, file, text);
}

tl::expected<void, std::string> Folder::write_profile(const fs::path& file, const Case& one,
                                                      const std::string& subject) const {
    return write(file, profile_text(one, seen_from(subject, path_)));
}

tl::expected<void, std::string> Folder::write_all(const Plan& plan, const Shard& shard) const {
    for (const Case& one : plan.cases) {
        if (one.rules.empty()) {
            continue;
        }
        if (auto done = write_profile(file(one.number, "yaml"), one, plan.subject); !done) {
            return done;
        }
    }
    if (auto done = write(file(shard_file), fmt::format("{}/{}\n", shard.index, shard.count));
        !done) {
        return done;
    }
    return write(file(plan_file), to_json(plan));
}

tl::expected<Plan, std::string> Folder::read_plan() const {
    const std::string text = read_text(file(plan_file), longest_plan);
    if (text.empty()) {
        return tl::make_unexpected(fmt::format("{} is no folder of a sweep: there is no {} in it.",
                                               path_.string(), plan_file));
    }
    auto plan = parse_plan(text);
    if (!plan) {
        return tl::make_unexpected(
            fmt::format("{} cannot be used: {}.", file(plan_file).string(), plan.error()));
    }
    for (std::size_t program = 0; program < plan->baselines.size(); ++program) {
        fs::path output = baseline_stem(program, 0);
        fs::path errors = output;
        plan->baselines[program].output = read_output(output += ".out");
        plan->baselines[program].errors = read_errors(errors += ".err");
    }
    return plan;
}

tl::expected<Shard, std::string> Folder::read_shard() const {
    std::string text = read_text(file(shard_file), 64);
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    return parse_shard(text, [](const char*) { return nullptr; });
}

tl::expected<void, std::string> Folder::add(const Result& result) const {
    const fs::path results = file(results_file);
    const FileDescriptor fd(
        ::open(results.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666));
    return write_text(fd, results, to_line(result));
}

tl::expected<Results, std::string> Folder::resume_results(const Plan& plan) const {
    const fs::path file = this->file(results_file);
    const std::string text = read_text(file, longest_plan);
    if (!text.empty() && !text.ends_with('\n')) {
        const FileDescriptor fd(::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
        if (auto ended = write_text(fd, file, "\n"); !ended) {
            return tl::make_unexpected(std::move(ended.error()));
        }
    }
    return read_results(plan);
}

Results Folder::read_results(const Plan& plan) const {
    Results results = parse_results(read_text(file(results_file), longest_plan));
    std::erase_if(results, [&](const auto& entry) {
        return entry.first < 1 || entry.first > plan.cases.size();
    });
    return results;
}

void Folder::forget(std::size_t number) const {
    for (const char* ending : endings) {
        if (std::strcmp(ending, "yaml") != 0) {
            std::error_code ignored;
            fs::remove_all(file(number, ending), ignored);
        }
    }
}

std::string read_text(const fs::path& file, std::size_t most) {
    std::ifstream stream(file, std::ios::binary);
    std::string text;
    std::array<char, 65536> chunk{};
    while (stream && text.size() < most) {
        stream.read(chunk.data(), static_cast<std::streamsize>(
                                      std::min<std::size_t>(chunk.size(), most - text.size())));
        text.append(chunk.data(), static_cast<std::size_t>(stream.gcount()));
    }
    return text;
}

std::vector<std::string> read_errors(const fs::path& file) {
    auto lines = read_output(file);
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("ghostpeer: "); });
    return lines;
}

std::vector<std::string> read_output(const fs::path& file) {
    constexpr std::size_t most_lines = 100'000;
    return lines_of(read_text(file, longest_text), most_lines);
}

}  // namespace ghostpeer::sweep
