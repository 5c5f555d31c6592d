#include "sweep/shard.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace ghostpeer::sweep {
namespace {

/// Who runs many of the same, and how each is told its number.
struct Dispatcher {
    const char* index;
    const char* count;  ///< null: it is told by nobody
    std::size_t first;  ///< the lowest number
};
constexpr std::array dispatchers{
    Dispatcher{"CI_NODE_INDEX", "CI_NODE_TOTAL", 1},                          // GitLab
    Dispatcher{"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0},                  // CircleCI
    Dispatcher{"BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0},  // Buildkite
    Dispatcher{"SEMAPHORE_JOB_INDEX", "SEMAPHORE_JOB_COUNT", 1},              // Semaphore
    Dispatcher{"SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1},    // Azure Pipelines
    Dispatcher{"CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", 0},            // Google Cloud Run
    Dispatcher{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", 0},           // Slurm
    Dispatcher{"JOB_COMPLETION_INDEX", nullptr, 0},                           // Kubernetes
    Dispatcher{"AWS_BATCH_JOB_ARRAY_INDEX", nullptr, 0},                      // AWS Batch
};
constexpr std::size_t most_shards = 100'000;
constexpr std::string_view slurm = "SLURM_ARRAY_TASK_ID";

[[nodiscard]] std::optional<std::size_t> number(std::string_view digits) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? std::optional(value)
                                                                        : std::nullopt;
}

[[nodiscard]] std::optional<std::size_t> number_in(const Lookup& environment, const char* name) {
    const char* const text = name == nullptr ? nullptr : environment(name);
    return text == nullptr ? std::nullopt : number(text);
}

/// An array may begin anywhere, and leave some out: `--array=10-40:10`.
[[nodiscard]] std::optional<std::size_t> slurm_place(const Lookup& environment, std::size_t id) {
    const std::size_t first = number_in(environment, "SLURM_ARRAY_TASK_MIN").value_or(0);
    const std::size_t step = number_in(environment, "SLURM_ARRAY_TASK_STEP").value_or(1);
    if (id < first || step == 0 || (id - first) % step != 0) {
        return std::nullopt;
    }
    return (id - first) / step;
}

[[nodiscard]] tl::expected<Shard, std::string> from_environment(std::optional<std::size_t> given,
                                                                const Lookup& environment) {
    for (const Dispatcher& one : dispatchers) {
        const char* const told = environment(one.index);
        if (told == nullptr || *told == '\0') {
            continue;
        }
        auto place = number(told);
        if (place && one.index == slurm) {
            place = slurm_place(environment, *place);
        } else if (place) {
            place = *place >= one.first ? std::optional(*place - one.first) : std::nullopt;
        }
        const auto said = number_in(environment, one.count);
        if (given && said && *given != *said) {
            return tl::make_unexpected(fmt::format("--shard auto/{}: {} says that there are {}.",
                                                   *given, one.count, *said));
        }
        const auto count = given ? given : said;
        if (!count) {
            return tl::make_unexpected(fmt::format(
                "--shard auto: {} is {}, but nothing says how many parts there are; --shard auto/N "
                "does.",
                one.index, told));
        }
        if (!place || *place >= *count || *count > most_shards) {
            return tl::make_unexpected(fmt::format(
                "--shard auto: {} is \"{}\", which is no part of {}.", one.index, told, *count));
        }
        return Shard{*place + 1, *count};
    }
    std::string names;
    for (const Dispatcher& one : dispatchers) {
        names += (names.empty() ? "" : ", ") + std::string(one.index);
    }
    return tl::make_unexpected(fmt::format(
        "--shard auto: nothing in the environment says which part this is. Looked for: {}.",
        names));
}

}  // namespace

tl::expected<Shard, std::string> parse_shard(std::string_view text, const Lookup& environment) {
    const auto slash = text.find('/');
    const std::string_view first = text.substr(0, slash);
    const bool has_count = slash != std::string_view::npos;
    const auto count = has_count ? number(text.substr(slash + 1)) : std::nullopt;
    if (first == "auto" && (!has_count || count.value_or(0) > 0)) {
        return from_environment(count, environment);
    }
    const auto index = number(first);
    if (!index || !count || *index < 1 || *index > *count || *count > most_shards) {
        return tl::make_unexpected(
            fmt::format("--shard needs K/N with K from 1 to N, such as 2/4, and N at most {}, or "
                        "auto, or auto/N, "
                        "but got \"{}\".",
                        most_shards, text));
    }
    return Shard{*index, *count};
}

}  // namespace ghostpeer::sweep
