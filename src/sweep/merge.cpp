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
           one.signal == other.signal && time_class(one.seconds) == time_class(other.seconds);
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

/// What a part's runs have left, and its baselines. False: a file could not be copied.
[[nodiscard]] bool copy_files(const fs::path& part, const fs::path& into, std::error_code& error) {
    for (fs::directory_iterator at(part, error), end; !error && at != end; at.increment(error)) {
        const fs::path& file = at->path();
        const std::string ending = file.extension().string();
        const bool is_left = ending == ".out" || ending == ".err" || ending == ".jsonl";
        const bool is_results = file.filename() == "results.jsonl";
        if (is_left && !is_results && at->is_regular_file(error)) {
            fs::copy_file(file, into / file.filename(), fs::copy_options::skip_existing, error);
        }
    }
    return !error;
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
    for (const std::string& part : parts) {
        std::error_code error;
        if (!copy_files(part, folder->path(), error)) {
            return tl::make_unexpected(fmt::format("The files of {} cannot be copied to {}: {}.",
                                                   part, into, error.message()));
        }
    }
    if (auto written = folder->write_all(merged.plan, Shard{}); !written) {
        return tl::make_unexpected(written.error());
    }
    std::string lines;
    for (const auto& [number, result] : merged.results) {
        lines += to_line(result);
        if (!all && !is_finding(result.outcome) && result.outcome != Outcome::undone) {
            folder->forget(number);
        }
    }
    if (auto written = folder->write(folder->file("results.jsonl"), lines); !written) {
        return tl::make_unexpected(written.error());
    }
    return folder;
}

}  // namespace ghostpeer::sweep
