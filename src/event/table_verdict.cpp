#include "event/members.hpp"
#include "event/table_places.hpp"
#include "event/tables.hpp"

#include "ghostpeer/event/verdict.hpp"

namespace ghostpeer::event {
namespace {

/// A list of things of which the record has the sentence.
template <auto list, typename Element>
struct Sentences {
    using Owner = Verdict;
    static std::vector<std::string> get(const Verdict& verdict) {
        std::vector<std::string> sentences;
        for (const Element& each : verdict.*list) {
            sentences.push_back(each.sentence);
        }
        return sentences;
    }
    static void set(Verdict& verdict, std::vector<std::string>&& sentences) {
        for (std::string& each : sentences) {
            Element made;
            made.sentence = std::move(each);
            (verdict.*list).push_back(std::move(made));
        }
    }
};

/// The lines that a failed expectation is shown with.
struct ShownWith {
    using Owner = ExpectationOutcome;
    static std::optional<std::vector<std::string>> get(const ExpectationOutcome& outcome) {
        return outcome.failure.empty() ? std::nullopt : std::optional(outcome.excerpt);
    }
    static void set(ExpectationOutcome& outcome, std::vector<std::string>&& lines) {
        outcome.excerpt = std::move(lines);
    }
};

}  // namespace

template <>
struct Described<RuleOutcome> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&RuleOutcome::rule, &profile::Place::file>("file", "the profile's"),
            field<&RuleOutcome::rule, &profile::Place::line>("line", "the rule's"),
            field<&RuleOutcome::event>("on", "its events"),
            field<&RuleOutcome::fired>("fired", "how often it fired"),
            field<&RuleOutcome::withheld>("withheld", "segments that it withheld"),
            rare<&RuleOutcome::source>("source", "the lines that it is written in")};
        return fields;
    }
};

template <>
struct Described<ExpectationOutcome> {
    static std::span<const Field> fields() noexcept {
        static constexpr std::array fields{
            field<&ExpectationOutcome::place, &profile::Place::file>("file", "the profile's"),
            field<&ExpectationOutcome::place, &profile::Place::line>("line", "the expectation's"),
            field<&ExpectationOutcome::text>("expect", "what is expected, in one line"),
            field<&ExpectationOutcome::pass>("pass", "did it come about?"),
            field<&ExpectationOutcome::count>("seen", "how often"),
            field<&ExpectationOutcome::seen>("times", "the first times at which it was"),
            rare<&ExpectationOutcome::failure>("failure", "its sentence among the failures"),
            derived<ShownWith>("conversation", "of a failed one: the lines it is shown with")};
        return fields;
    }
};

std::span<const Field> verdict_fields() noexcept {
    static constexpr std::array fields{
        field<&Verdict::pass>("pass", "is the status 0?"),
        field<&Verdict::status>("status", "the exit status of the run"),
        field<&Verdict::headline>("headline", "the verdict's first line"),
        derived<Sentences<&Verdict::failures, Failure>>("failures", "what did not come about"),
        field<&Verdict::ended>("ended",
                               "what ended the run: command, timeout, finish, signal, scope"),
        field<&Verdict::length>("duration", "of the run"),
        field<&Verdict::seed>("seed", "of everything random in the run"),
        field<&Verdict::attempts>("attempts", "how many connections were begun"),
        field<&Verdict::rules>("rules", "what each rule did"),
        field<&Verdict::expectations>("expectations", "what came of each expectation"),
        derived<Sentences<&Verdict::lost, Loss>>("lost", "output that could not be written"),
        rare<&Verdict::kernel>("kernel", "of a run in virtual time")};
    return fields;
}

}  // namespace ghostpeer::event
