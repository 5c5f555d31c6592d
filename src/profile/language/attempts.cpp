// `attempts:`: other behaviour for the first, second, … connection.
#include "profile/document/values.hpp"
#include "profile/language/draft.hpp"
#include "profile/language/rule_parts.hpp"

#include <array>
#include <map>
#include <optional>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::size_t max_attempts = 100;

/// `3`, `1-2`, `4+`; the first attempt is 1.
std::optional<Range> parse_attempts(std::string_view text) {
    text = trim(text);
    if (!text.empty() && text.back() == '+') {
        const auto least = parse_number(trim(text.substr(0, text.size() - 1)));
        return least && *least > 0 ? std::optional(Range{*least, UINT64_MAX}) : std::nullopt;
    }
    const auto dash = text.find('-');
    const auto least = parse_number(trim(text.substr(0, dash)));
    const auto most =
        dash == std::string_view::npos ? least : parse_number(trim(text.substr(dash + 1)));
    if (!least || !most || *least == 0 || *most < *least) {
        return std::nullopt;
    }
    return Range{*least, *most};
}

/// What an attempt that is written in place may change.
constexpr std::array<Word<ReadKey<Draft>>, 6> attempt_words{{
    {"tcp", read_tcp_of},
    {"ip", read_ip_of},
    {"service", read_service_of},
    {"after_eof", read_after_eof_of},
    {"rules", read_rules_of},
    {"phases", read_phases},
}};

std::shared_ptr<const Profile> read_in_place(const Entry& entry, const Draft& outer,
                                             Context& context) {
    Draft draft;
    draft.profile = outer.profile;
    draft.profile.files.clear();           // those of the outer one tell of it, too
    draft.profile.constant_fault = false;  // only what it says itself
    draft.profile.fault_in_answer = false;
    draft.tcp = outer.tcp;
    Context inner{context.errors, context.files, {""}};
    if (entry.value.type == YamlNode::Type::list) {
        read_rules(entry, draft.rules, inner);
    } else {
        collect_phases(entry.value, inner.phases);
        read_keys(entry.value, attempt_words, "key", " in an attempt", draft, inner);
    }
    check_requests(draft.profile.service, inner);
    finish_rules(std::move(draft.rules), std::move(draft.phases), draft.profile, context.errors);
    draft.profile.tcp = finish_tcp(draft.tcp, draft.profile.service, context.errors);
    draft.profile.attempts.clear();
    draft.profile.expect.clear();  // the profile's own are of all its attempts
    return std::make_shared<const Profile>(std::move(draft.profile));
}

/// Profiles by name, so that one which stands twice is one.
using Named = std::map<std::string, std::shared_ptr<const Profile>>;

std::shared_ptr<const Profile> read_named(const Entry& entry, Profile& outer, LoadNamed load_named,
                                          Named& known, Context& context) {
    const auto& value = entry.value;
    if (const auto found = known.find(value.text); found != known.end()) {
        return found->second;
    }
    if (value.source->in_catalogue() && is_path(value.text)) {
        context.errors.add(value, "a profile of the catalogue names only others of the catalogue");
        return nullptr;
    }
    auto opened =
        open_source(value.text, value.source->folder(), FileKind::regular, value.source->given);
    if (const auto* missing = std::get_if<NotFound>(&opened)) {
        context.errors.add(value, missing->message);
        return nullptr;
    }
    auto loaded = load_named(std::move(std::get<std::unique_ptr<SourceText>>(opened)), value.text);
    context.errors.absorb(std::move(loaded.errors));
    if (loaded.profile && outer.role == Role::client && loaded.profile->role == Role::server) {
        auto speechless = std::make_shared<Profile>(*loaded.profile);
        if (forget_answers(speechless->service)) {
            outer.remarks.push_back(not_inherited(in_quotes(value.text)));
        }
        loaded.profile = std::move(speechless);
    }
    if (loaded.profile && outer.link && !loaded.profile->link) {
        auto the_same_way = std::make_shared<Profile>(*loaded.profile);
        the_same_way->link = outer.link;
        loaded.profile = std::move(the_same_way);
    }
    known[value.text] = loaded.profile;
    return loaded.profile;
}

}  // namespace

void read_attempts(const Entry& entry, const Draft& draft, LoadNamed load_named, Profile& profile,
                   Context& context) {
    if (!expect_type(entry, YamlNode::Type::map, "a map such as `{1-2: refuse, 3+: healthy}`",
                     context.errors)) {
        return;
    }
    if (entry.value.entries.size() > max_attempts) {
        context.errors.add(entry.key, "`attempts` has more than 100 entries");
        return;
    }
    Named known;
    for (const auto& each : entry.value.entries) {
        const auto range = parse_attempts(each.key.text);
        if (!range) {
            context.errors.add(
                each.key, in_quotes(each.key.text) + " is no attempt; write `3`, `1-2` or `4+`");
            continue;
        }
        for (const auto& other : profile.attempts) {
            if (range->least <= other.attempts.most && other.attempts.least <= range->most) {
                context.errors.add(
                    each.key, "attempt " +
                                  std::to_string(std::max(range->least, other.attempts.least)) +
                                  " has a behaviour already");
                break;
            }
        }
        std::shared_ptr<const Profile> behaviour;
        if (each.value.type == YamlNode::Type::scalar) {
            behaviour = read_named(each, profile, load_named, known, context);
        } else if (each.value.type != YamlNode::Type::null) {
            behaviour = read_in_place(each, draft, context);
        } else {
            report_wrong_type(each, "a profile's name, a list of rules or a map", context.errors);
        }
        if (behaviour) {
            profile.attempts.push_back({*range, std::move(behaviour)});
        }
    }
}

}  // namespace ghostpeer::profile
