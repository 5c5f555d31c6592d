// What became of a program in a run, against what it does when nothing is the matter.
#pragma once

#include "sweep/plan.hpp"
#include "sweep/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ghostpeer::sweep {

/// Worst first.
enum class Outcome : std::uint8_t {
    wrong,      ///< status 0, and another output
    hang,       ///< it has not ended
    crash,      ///< a signal ended it
    duplicate,  ///< a request with an effect has arrived twice
    slow,       ///< it has ended, late
    leak,       ///< programs or connections are left
    error,      ///< it has said in time that it failed, which is right
    fine,       ///< as if nothing had been the matter
    unreached,  ///< the fault was not met
    undone,     ///< ghostpeer could not do the run
};
inline constexpr std::size_t outcome_count = 10;
[[nodiscard]] std::string_view name(Outcome outcome) noexcept;
[[nodiscard]] std::optional<Outcome> find_outcome(std::string_view name) noexcept;
/// Is it something to look at?
[[nodiscard]] bool is_finding(Outcome outcome) noexcept;

struct Result {
    std::size_t number = 0;  ///< of the case
    Outcome outcome = Outcome::undone;
    std::optional<int> status;  ///< COMMAND's own
    std::string signal;         ///< that ended it: `SIGSEGV`
    double seconds = 0;         ///< until it ended; of `hang`: until it was ended
    std::uint64_t attempts = 0;
    std::string remark;  ///< what else there is to say, a line
    /// Standard error against the baseline's.
    enum class Errors : std::uint8_t { same, other, unknown };
    Errors errors = Errors::unknown;
    std::string error_line;         ///< the first that the baseline has not
    std::uint64_t left_behind = 0;  ///< programs, more than in the baseline
    std::uint64_t left_open = 0;    ///< connections, likewise
};

/// What one run has left.
struct Evidence {
    RunRecord record;
    std::vector<std::string> output;  ///< lines of standard output
    std::vector<std::string> errors;  ///< lines of standard error that are COMMAND's
    std::uint64_t repeated = 0;       ///< requests that arrived on two connections
    int run_status = 0;               ///< of ghostpeer itself
    std::string complaint;            ///< its last words, where it has any
    bool failed_around = false;       ///< the complaint is of --setup, --teardown or the copy
};
/// Was COMMAND still at work when its time was over? Status 124 may be COMMAND's own.
[[nodiscard]] bool out_of_time(const Evidence& evidence) noexcept;

/// Bytes of the program's that came on the last connection that the peer dialled; not set: there is
/// but one.
[[nodiscard]] std::optional<std::uint64_t> last_answer(const RunRecord& record);

/// `slow`: seconds.
[[nodiscard]] Result judge(const Case& one, const Baseline& baseline, const Evidence& evidence,
                           double slow);

/// Lines of a text with their ends, which the last one need not have. What comes behind `most` of
/// them is one more.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text,
                                                std::size_t most = std::string_view::npos);
/// What can be shown of a line, whatever it holds.
[[nodiscard]] std::string excerpt(std::string_view line, std::size_t most = 60);
/// The first line in which they differ, those aside that are `unsteady`; not set: none.
[[nodiscard]] std::optional<std::size_t> first_difference(const std::vector<std::string>& expected,
                                                          const std::vector<std::string>& seen,
                                                          const std::vector<std::size_t>& unsteady);

/// The same, whatever numbers are in them: times of day, processes, what a byte took.
[[nodiscard]] std::optional<std::size_t> first_other_words(
    const std::vector<std::string>& expected, const std::vector<std::string>& seen,
    const std::vector<std::size_t>& unsteady);

/// `same`, `other`, `unknown`
[[nodiscard]] std::string_view name(Result::Errors errors) noexcept;
/// Connections that COMMAND, or what it left behind, holds in the end and should not.
[[nodiscard]] std::uint64_t count_left_open(const RunRecord& record) noexcept;

/// `at once`, `1.2 s`, `15 min 38 s`, `2 h 11 min`: coarse enough to be the same every time.
[[nodiscard]] std::string time_text(double seconds);
/// For what is kept: `at once`, `seconds`, `minutes`, `hours`.
[[nodiscard]] std::string_view time_class(double seconds) noexcept;
/// `status 56 after 15 min 38 s`
[[nodiscard]] std::string describe(const Result& result);
/// What else is known of the end and not to be expected: `, other standard error`.
[[nodiscard]] std::string describe_rest(const Result& result);

}  // namespace ghostpeer::sweep
