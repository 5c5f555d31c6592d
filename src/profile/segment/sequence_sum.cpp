#include "profile/segment/sequence_sum.hpp"

#include "profile/document/values.hpp"
#include "profile/document/words.hpp"

#include <algorithm>
#include <array>

namespace ghostpeer::profile {

namespace {

struct NamedTerm {
    std::string_view word;
    Name name;
};

constexpr std::array<NamedTerm, 12> names{{{"snd.nxt", Name::snd_nxt},
                                           {"snd.una", Name::snd_una},
                                           {"snd.wnd", Name::snd_wnd},
                                           {"rcv.nxt", Name::rcv_nxt},
                                           {"rcv.wnd", Name::rcv_wnd},
                                           {"iss", Name::iss},
                                           {"irs", Name::irs},
                                           {"seg.seq", Name::seg_seq},
                                           {"seg.ack", Name::seg_ack},
                                           {"seg.end", Name::seg_end},
                                           {"ts.now", Name::ts_now},
                                           {"ts.recent", Name::ts_recent}}};

constexpr std::size_t max_terms = 32;

/// What a sum may speak of, and how it is called.
struct Vocabulary {
    bool timestamps = false;
    std::string_view what;
    std::string_view form;
};

constexpr Vocabulary sequence_numbers{
    false, "sequence number",
    "a sequence number: the wire's, or a sum such as `snd.nxt+snd.wnd` or `rcv.nxt-1000`"};
constexpr Vocabulary timestamps{
    true, "timestamp", "a timestamp: the wire's, or a sum such as `ts.now-1000` or `ts.recent`"};

bool is_timestamp(Name name) noexcept { return name == Name::ts_now || name == Name::ts_recent; }

/// What is wrong with the term, or an empty text.
std::string read_term(std::string_view word, const Vocabulary& vocabulary, Term& term) {
    const std::string what(vocabulary.what);
    if (const auto number = parse_number(word)) {
        if (*number > UINT32_MAX) {
            return in_quotes(word) + " is no " + what + "; they end at 4294967295";
        }
        term.value = static_cast<std::uint32_t>(*number);
        return {};
    }
    const auto* const known = std::find_if(names.begin(), names.end(),
                                           [&](const NamedTerm& row) { return row.word == word; });
    if (known == names.end()) {
        std::vector<std::string> words;
        for (const auto& row : names) {
            if (is_timestamp(row.name) == vocabulary.timestamps) {
                words.emplace_back(row.word);
            }
        }
        return unknown_word(what, word, words);
    }
    if (is_timestamp(known->name) != vocabulary.timestamps) {
        const auto& other = vocabulary.timestamps ? sequence_numbers : timestamps;
        return in_quotes(word) + " is a " + std::string(other.what) + " and cannot stand in a " +
               what;
    }
    term.name = known->name;
    return {};
}

std::optional<SequenceExpression> read_sum(const Entry& entry, const Vocabulary& vocabulary,
                                           Errors& errors) {
    if (!expect_type(entry, YamlNode::Type::scalar, vocabulary.form, errors)) {
        return std::nullopt;
    }
    SequenceExpression sum;
    std::string_view rest = trim(entry.value.text);
    bool negative = rest.starts_with('-');
    if (negative) {
        rest.remove_prefix(1);
    }
    while (true) {
        const auto sign = rest.find_first_of("+-");
        const auto word = trim(rest.substr(0, sign));
        Term term;
        term.negative = negative;
        if (word.empty() || sum.terms.size() == max_terms) {
            report_wrong_type(entry, vocabulary.form, errors);
            return std::nullopt;
        }
        if (auto problem = read_term(word, vocabulary, term); !problem.empty()) {
            errors.add(entry.value, std::move(problem));
            return std::nullopt;
        }
        sum.terms.push_back(term);
        if (sign == std::string_view::npos) {
            return sum;
        }
        negative = rest[sign] == '-';
        rest.remove_prefix(sign + 1);
    }
}

}  // namespace

std::optional<SequenceExpression> read_sequence(const Entry& entry, Errors& errors) {
    return read_sum(entry, sequence_numbers, errors);
}

std::optional<SequenceExpression> read_timestamp(const Entry& entry, Errors& errors) {
    return read_sum(entry, timestamps, errors);
}

bool needs_segment(const SequenceExpression& expression) noexcept {
    return std::any_of(expression.terms.begin(), expression.terms.end(), [](const Term& term) {
        return term.name == Name::seg_seq || term.name == Name::seg_ack ||
               term.name == Name::seg_end;
    });
}

}  // namespace ghostpeer::profile
