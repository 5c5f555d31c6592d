#include "sweep/merge.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

namespace ghostpeer::sweep {
namespace {

namespace fs = std::filesystem;

[[nodiscard]] bool same_end(const Result& one, const Result& other) {
    return one.outcome == other.outcome && one.status == other.status &&
           one.signal == other.signal && time_class(one.seconds) == time_class(other.seconds) &&
           describe_rest(one) == describe_rest(other);
}

class Merger {
  public:
    /// Empty: it belongs to those before.
    [[nodiscard]] std::string add(const std::string& path) {
        const Folder folder = Folder::at(path);
        auto plan = folder.read_plan();
        const auto shard = folder.read_shard();
        if (!plan || !shard) {
            return !plan ? plan.error() : path + " does not say which part it is.";
        }
        if (seen_.empty()) {
            merged_.plan = std::move(*plan);
            count_ = shard->count;
            first_ = path;
        } else if (!same_runs(merged_.plan, *plan) || count_ != shard->count) {
            return fmt::format("{} and {} are no parts of one plan: they have other runs.", first_,
                               path);
        }
        if (const auto [before, is_new] = seen_.emplace(shard->index, path); !is_new) {
            merged_.remarks.push_back(fmt::format("Shard {}/{} is there twice: {} and {}.",
                                                  shard->index, count_, before->second, path));
        }
        add_results(folder.read_results(merged_.plan), *shard, path);
        return {};
    }

    [[nodiscard]] Merged end() {
        for (std::size_t index = 1; index <= count_; ++index) {
            if (!seen_.contains(index)) {
                merged_.remarks.push_back(fmt::format("Shard {}/{} is missing.", index, count_));
            }
        }
        return std::move(merged_);
    }

  private:
    void add_results(const Results& results, const Shard& shard, const std::string& path) {
        std::size_t open = 0;
        std::size_t differing = 0;
        for (const Case& one : merged_.plan.cases) {
            const auto found = results.find(one.number);
            if (found == results.end()) {
                open += shard.has(one.number) ? 1 : 0;
                continue;
            }
            const auto [known, is_new] = merged_.results.emplace(*found);
            merged_.from.emplace(one.number, path);
            differing += !is_new && !same_end(known->second, found->second) ? 1 : 0;
        }
        if (open > 0) {
            merged_.remarks.push_back(
                fmt::format("Shard {}/{} is not whole: {} of its runs are not done; go on with "
                            "--resume {}.",
                            shard.index, shard.count, open, path));
        }
        if (differing > 0) {
            merged_.remarks.push_back(fmt::format(
                "{} runs of {} ended differently there; what came first counts.", differing, path));
        }
    }

    Merged merged_;
    std::map<std::size_t, std::string> seen_;
    std::string first_;
    std::size_t count_ = 0;
};

/// What a run has left: `from` and `into` without their endings. False: a file could not be copied.
[[nodiscard]] bool copy_run(const fs::path& from, const fs::path& into, std::error_code& error) {
    for (const char* ending : {".out", ".err", ".around", ".jsonl"}) {
        fs::path source = from;
        source += ending;
        fs::path target = into;
        target += ending;
        if (fs::is_regular_file(source, error)) {
            fs::copy_file(source, target, error);
        } else if (error == std::errc::no_such_file_or_directory) {
            error.clear();
        }
        if (error) {
            return false;
        }
    }
    return true;
}

}  // namespace

tl::expected<Merged, std::string> merge(const std::vector<std::string>& parts) {
    Merger merger;
    for (const std::string& path : parts) {
        if (auto problem = merger.add(path); !problem.empty()) {
            return tl::make_unexpected(std::move(problem));
        }
    }
    return merger.end();
}

tl::expected<Folder, std::string> collect_parts(const Merged& merged,
                                                const std::vector<std::string>& parts,
                                                const std::string& into, bool all) {
    for (const std::string& part : parts) {
        std::error_code none;
        if (fs::equivalent(part, into, none)) {
            return tl::make_unexpected(fmt::format(
                "{} is one of the parts; name another folder for all of them with --output.",
                into));
        }
    }
    auto folder = Folder::create(into);
    if (!folder) {
        return folder;
    }
    std::error_code error;
    const auto failed = [&](const std::string& part) {
        return tl::make_unexpected(fmt::format("The files of {} cannot be copied to {}: {}.", part,
                                               into, error.message()));
    };
    // The plan is the first part's, and what it is compared with, too.
    for (std::size_t program = 0; program < merged.plan.baselines.size(); ++program) {
        for (const int which : {0, 1}) {
            if (!copy_run(Folder::at(parts.front()).baseline_stem(program, which),
                          folder->baseline_stem(program, which), error)) {
                return failed(parts.front());
            }
        }
    }
    for (const auto& [number, result] : merged.results) {
        const std::string& part = merged.from.at(number);
        const bool is_left = all || is_finding(result.outcome) || result.outcome == Outcome::undone;
        if (is_left && !copy_run(Folder::at(part).file(number_text(number)),
                                 folder->file(number_text(number)), error)) {
            return failed(part);
        }
    }
    if (auto written = folder->write_all(merged.plan, Shard{}); !written) {
        return tl::make_unexpected(written.error());
    }
    std::string lines;
    for (const auto& [number, result] : merged.results) {
        lines += to_line(result);
    }
    if (auto written = folder->write(folder->file("results.jsonl"), lines); !written) {
        return tl::make_unexpected(written.error());
    }
    return folder;
}

}  // namespace ghostpeer::sweep
