// Parts of a plan, and how they are put together.
#include "sweep/merge.hpp"
#include "sweep/shard.hpp"
#include "sweep/table.hpp"
#include "sweep_samples.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

using namespace ghostpeer;
using namespace ghostpeer::sweep;

TEST_CASE("sweep: a shard has every Nth run") {
    const Lookup nothing = [](const char*) { return nullptr; };
    const auto shard = parse_shard("2/3", nothing);
    REQUIRE(shard.has_value());
    CHECK_FALSE(shard->has(1));
    CHECK(shard->has(2));
    CHECK(shard->has(5));
    for (const char* wrong : {"", "2", "0/3", "4/3", "a/b", "1/", "/2", "1/2x", "-1/2",
                              "1/18446744073709551615", "auto/0", "auto/x", "auto"}) {
        CHECK_FALSE(parse_shard(wrong, nothing).has_value());
    }
}

TEST_CASE("sweep: which part this is stands in the environment of batch systems and CI") {
    using Variables = std::map<std::string, std::string>;
    const auto parse = [](const char* text, const Variables& variables) {
        const auto shard = parse_shard(text, [&](const char* name) {
            const auto found = variables.find(name);
            return found == variables.end() ? nullptr : found->second.c_str();
        });
        return shard ? std::to_string(shard->index) + "/" + std::to_string(shard->count)
                     : shard.error();
    };
    CHECK(parse("auto", {{"CI_NODE_INDEX", "1"}, {"CI_NODE_TOTAL", "4"}}) == "1/4");
    CHECK(parse("auto", {{"CIRCLE_NODE_INDEX", "0"}, {"CIRCLE_NODE_TOTAL", "4"}}) == "1/4");
    CHECK(parse("auto", {{"BUILDKITE_PARALLEL_JOB", "3"}, {"BUILDKITE_PARALLEL_JOB_COUNT", "4"}}) ==
          "4/4");
    const Variables slurm{{"SLURM_ARRAY_TASK_ID", "30"},
                          {"SLURM_ARRAY_TASK_MIN", "10"},
                          {"SLURM_ARRAY_TASK_STEP", "10"},
                          {"SLURM_ARRAY_TASK_COUNT", "4"}};
    CHECK(parse("auto", slurm) == "3/4");
    CHECK(parse("auto/4", slurm) == "3/4");
    CHECK(parse("auto/5", slurm) ==
          "--shard auto/5: SLURM_ARRAY_TASK_COUNT says that there are 4.");
    CHECK(parse("auto/5", {{"JOB_COMPLETION_INDEX", "0"}}) == "1/5");
    CHECK(parse("auto", {{"JOB_COMPLETION_INDEX", "0"}}) ==
          "--shard auto: JOB_COMPLETION_INDEX is 0, but nothing says how many parts there are; "
          "--shard auto/N does.");
    CHECK(parse("auto/2", {{"JOB_COMPLETION_INDEX", "2"}}) ==
          "--shard auto: JOB_COMPLETION_INDEX is \"2\", which is no part of 2.");
    CHECK(parse("auto/2", {{"JOB_COMPLETION_INDEX", "x"}}).find("no part of 2") !=
          std::string::npos);
    CHECK(parse("2/3", slurm) == "2/3");
}

TEST_CASE("sweep: of a run that parts have twice, files and result are the same part's") {
    const auto top = std::filesystem::temp_directory_path() / "ghostpeer-sweep-merge-files";
    std::filesystem::remove_all(top);
    const Plan plan = plan_of_six();
    std::vector<std::string> paths;
    for (const std::string part : {"killed", "whole"}) {
        const auto folder = Folder::create(top / part).value();
        REQUIRE(folder.write_all(plan, Shard{}).has_value());
        for (const auto& [number, result] : results_of_six()) {
            std::ofstream(folder.file(number, "out")) << part;
            // The first part was killed in its last run.
            if (part == "whole" || number < 6) {
                REQUIRE(folder.add(result).has_value());
            }
        }
        for (const int which : {0, 1}) {
            auto stem = folder.baseline_stem(0, which);
            std::ofstream(stem += ".out") << part;
        }
        paths.push_back(folder.path().string());
    }
    const auto merged = merge(paths);
    REQUIRE(merged.has_value());
    const auto folder = collect_parts(*merged, paths, (top / "all").string(), true);
    REQUIRE(folder.has_value());
    const auto text = [&](const std::filesystem::path& file) { return read_text(file, 100); };
    CHECK(text(folder->file(5, "out")) == "killed");
    CHECK(text(folder->file(6, "out")) == "whole");
    CHECK(text(top / "all" / "baseline1b.out") == "killed");
    // Of what is nothing to look at, nothing is there.
    const auto few = collect_parts(*merged, paths, (top / "few").string(), false);
    REQUIRE(few.has_value());
    CHECK_FALSE(std::filesystem::exists(few->file(1, "out")));
    CHECK(std::filesystem::exists(few->file(6, "out")));
    std::filesystem::remove_all(top);
}

TEST_CASE("sweep: parts are put together, and what is missing or double is said") {
    const auto top = std::filesystem::temp_directory_path() / "ghostpeer-sweep-merge";
    std::filesystem::remove_all(top);
    const Plan plan = plan_of_six();
    const Results all = results_of_six();
    std::vector<std::string> paths;
    for (std::size_t index = 1; index <= 2; ++index) {
        const Shard shard{index, 2};
        const auto folder = Folder::create(top / std::to_string(index));
        REQUIRE(folder.has_value());
        REQUIRE(folder->write_all(plan, shard).has_value());
        for (const auto& [number, result] : all) {
            if (shard.has(number)) {
                REQUIRE(folder->add(result).has_value());
            }
        }
        paths.push_back(folder->path().string());
    }
    const auto whole = merge(paths);
    REQUIRE(whole.has_value());
    CHECK(whole->remarks.empty());
    CHECK(describe(whole->plan, whole->results, no_line) == describe(plan, all, no_line));
    CHECK(merge({paths[0]})->remarks == std::vector<std::string>{"Shard 2/2 is missing."});
    CHECK(merge({paths[0], paths[0]})->remarks.size() == 2);
    const auto together = collect_parts(*whole, paths, (top / "all").string(), true);
    REQUIRE(together.has_value());
    CHECK(merge({together->path().string()})->remarks.empty());
    CHECK(together->read_results(plan).size() == all.size());
    CHECK_FALSE(collect_parts(*whole, paths, paths[1], true).has_value());
    std::filesystem::resize_file(top / "2" / "results.jsonl", 0);
    CHECK(merge(paths)->remarks ==
          std::vector<std::string>{"Shard 2/2 is not whole: 3 of its runs are not done; go on "
                                   "with --resume " +
                                   paths[1] + "."});
    CHECK_FALSE(merge({top.string()}).has_value());

    std::ofstream(top / "1" / "letter.txt") << "mine";
    const auto refused = Folder::create(top / "1");
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().find("letter.txt") != std::string::npos);
    CHECK(Folder::create(top / "2").has_value());
    CHECK(std::filesystem::is_empty(top / "2"));

    // Names like a sweep's may be anybody's.
    std::ofstream(top / "2" / "2024.html") << "mine";
    CHECK_FALSE(Folder::create(top / "2").has_value());
    std::ofstream(top / "2" / "baseline.out") << "mine";
    CHECK_FALSE(Folder::create(top / "2").has_value());
    std::filesystem::remove(top / "2" / "baseline.out");
    std::ofstream(top / "2" / "baseline1a.out") << "a sweep's";
    CHECK(Folder::create(top / "2").has_value());
    CHECK(std::filesystem::is_empty(top / "2"));
    std::filesystem::remove_all(top);
}
