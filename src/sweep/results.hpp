// The folder of a sweep: the plan, a line for each run that is done, and what the runs have left.
#pragma once

#include "sweep/outcome.hpp"
#include "sweep/plan.hpp"
#include "sweep/shard.hpp"

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace ghostpeer::sweep {

/// By the case's number.
using Results = std::map<std::size_t, Result>;

[[nodiscard]] std::array<std::size_t, outcome_count> count_outcomes(const Results& results);

[[nodiscard]] std::string to_line(const Result& result);
/// Lines that say nothing (the last one of a sweep that was killed) are passed over; of a run that
/// was done twice the last one counts.
[[nodiscard]] Results parse_results(std::string_view text);

class Folder {
  public:
    /// Makes `path`, or empties it where a sweep has left it. Something else that is in it, or
    /// nothing that only a sweep writes, is an error, a complete sentence.
    [[nodiscard]] static tl::expected<Folder, std::string> create(
        const std::filesystem::path& path);
    [[nodiscard]] static Folder at(const std::filesystem::path& path) { return Folder(path); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// `DIR/0042.yaml`
    [[nodiscard]] std::filesystem::path file(std::size_t number, std::string_view ending) const;
    /// Without its ending; of a baseline's first or second run.
    [[nodiscard]] std::filesystem::path baseline_stem(std::size_t program, int which) const;
    [[nodiscard]] std::filesystem::path file(std::string_view name) const { return path_ / name; }

    /// The errors are complete sentences.
    [[nodiscard]] tl::expected<void, std::string> write(const std::filesystem::path& file,
                                                        std::string_view text) const;
    /// The profile of a run, which extends `subject`.
    [[nodiscard]] tl::expected<void, std::string> write_profile(const std::filesystem::path& file,
                                                                const Case& one,
                                                                const std::string& subject) const;
    /// Everything that the runs need: profiles, and the plan.
    [[nodiscard]] tl::expected<void, std::string> write_all(const Plan& plan,
                                                            const Shard& shard) const;
    [[nodiscard]] tl::expected<Plan, std::string> read_plan() const;
    [[nodiscard]] tl::expected<Shard, std::string> read_shard() const;
    [[nodiscard]] tl::expected<void, std::string> add(const Result& result) const;
    /// Those of runs that the plan has.
    [[nodiscard]] Results read_results(const Plan& plan) const;
    /// The same to go on with: a line that a sweep was killed in must not swallow the next one.
    [[nodiscard]] tl::expected<Results, std::string> resume_results(const Plan& plan) const;
    /// Removes what a run has left but its profile.
    void forget(std::size_t number) const;

  private:
    explicit Folder(std::filesystem::path path) : path_(std::move(path)) {}

    std::filesystem::path path_;
};

/// Of a file that somebody else may have written.
inline constexpr std::size_t longest_text = 16 * 1024 * 1024;
/// The first `most` bytes of a file; empty where it cannot be read.
[[nodiscard]] std::string read_text(const std::filesystem::path& file, std::size_t most);
/// What a program wrote, as far as it is looked at. Millions of short lines would take hundreds of
/// MiB: behind the first 100,000 the rest is one.
[[nodiscard]] std::vector<std::string> read_output(const std::filesystem::path& file);
/// The same of standard error, without what ghostpeer itself had to say.
[[nodiscard]] std::vector<std::string> read_errors(const std::filesystem::path& file);

}  // namespace ghostpeer::sweep
