#include "ghostpeer/profile/loader.hpp"

#include "ghostpeer/profile/catalogue.hpp"
#include "profile/behind/behind.hpp"
#include "profile/document/chain.hpp"
#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/language/draft.hpp"
#include "profile/language/expectations.hpp"
#include "profile/language/rule_parts.hpp"
#include "profile/language/tags.hpp"
#include "profile/link/reader.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace ghostpeer::profile {

namespace {

void read_summary(const Entry& entry, Draft& draft, Context& context) {
    const auto text = read_text(entry, context.errors);
    if (!text) {
        return;
    }
    draft.profile.summary = trim(*text);
    if (draft.profile.summary.empty() || draft.profile.summary.find('\n') != std::string::npos) {
        context.errors.add(entry.value, "`summary` is one line of text");
    }
}

// Read by the chain before anything else.
void read_already(const Entry& /*entry*/, Draft& /*draft*/, Context& /*context*/) {}

constexpr std::array<Word<ReadKey<Draft>>, 19> top_words{{
    {"summary", read_summary},
    {"details",
     [](const Entry& entry, Draft& draft, Context& context) {
         draft.profile.details = read_text(entry, context.errors).value_or("");
     }},
    {"tags",
     [](const Entry& entry, Draft&, Context& context) { (void)read_tags(entry, context.errors); }},
    {"params", read_already},
    {"extends", read_already},
    {"tcp", read_tcp_of},
    {"ip", read_ip_of},
    {"link", read_link_of},
    {"service", read_service_of},
    {"after_eof", read_after_eof_of},
    {"rules", read_rules_of},
    {"sysctl", [](const Entry& entry, Draft& draft,
                  Context& context) { read_sysctl(entry, draft.profile.sysctl, context); }},
    {"servers", [](const Entry& entry, Draft& draft,
                   Context& context) { read_servers(entry, draft.profile.servers, context); }},
    {"role", read_role},
    {"phases", read_phases},
    {"attempts", [](const Entry& entry, Draft& draft, Context&) { draft.attempts = &entry; }},
    {"client", read_client},
    {"expect", [](const Entry& entry, Draft& draft,
                  Context& context) { read_expect(entry, draft.profile.expect, context); }},
    {"tolerance", [](const Entry& entry, Draft& draft,
                     Context& context) { read_tolerance(entry, draft.tolerance, context); }},
}};

void add_folders(const Chain& chain, const FileCache& files, std::vector<std::string>& folders) {
    const auto add = [&](const std::filesystem::path& folder) {
        const std::string text = folder.empty() ? "." : folder.string();
        if (std::find(folders.begin(), folders.end(), text) == folders.end()) {
            folders.push_back(text);
        }
    };
    for (const ChainLink& link : chain.links) {
        if (!link.source->in_catalogue()) {
            add(link.source->folder());
        }
    }
    for (const auto& [path, content] : files.files) {
        add(std::filesystem::path(path).parent_path());
    }
}

void add_files(const std::vector<SourceFile>& more, std::vector<SourceFile>& files) {
    for (const SourceFile& file : more) {
        if (std::none_of(files.begin(), files.end(),
                         [&](const SourceFile& known) { return known.name == file.name; })) {
            files.push_back(file);
        }
    }
}

enum class Use : unsigned char { of_its_own, as_an_attempt };

LoadResult build(std::unique_ptr<SourceText> source, std::string name, const Parameters& parameters,
                 Use use);

LoadResult build_attempt(std::unique_ptr<SourceText> source, std::string name) {
    return build(std::move(source), std::move(name), {}, Use::as_an_attempt);
}

LoadResult build(std::unique_ptr<SourceText> source, std::string name, const Parameters& parameters,
                 Use use) {
    Errors errors;
    FileCache files;
    Context context{errors, files, {""}};
    Draft draft;
    draft.profile.name = std::move(name);
    const auto chain = load_chain(std::move(source), parameters, errors);
    for (const ChainLink& link : chain.links) {
        collect_phases(link.tree, context.phases);
    }
    std::vector<std::vector<Rule>> rules(chain.links.size());
    for (const std::size_t link : chain.reading) {
        read_keys(chain.links[link].tree, top_words, "key", " in a profile", draft, context);
        rules[link] = std::exchange(draft.rules, {});
    }
    // The rules of the extending profile come before those of the extended one.
    std::vector<Rule> top;
    for (auto& some : rules) {
        top.insert(top.end(), std::make_move_iterator(some.begin()),
                   std::make_move_iterator(some.end()));
    }
    check_requests(draft.profile.service, context);
    add_folders(chain, files, draft.profile.folders);
    finish_rules(std::move(top), std::move(draft.phases), draft.profile, errors);
    for (const ChainLink& link : chain.links) {
        add_files({{*link.source->name(), link.source->text()}}, draft.profile.files);
    }
    draft.profile.given.assign(parameters.begin(), parameters.end());
    draft.profile.parameters = chain.parameters;
    draft.profile.tcp = finish_tcp(draft.tcp, draft.profile.service, errors);
    finish_expectations(draft.tolerance, draft.profile.expect);
    check_client(draft, errors);
    if (draft.link != nullptr) {
        check_link(*draft.link, draft.way, errors);
        draft.profile.link = std::make_shared<const Link>(draft.way);
    }
    if (draft.not_inherited != nullptr && draft.not_inherited == draft.service) {
        draft.profile.remarks.push_back(
            not_inherited(in_quotes(*draft.service->value.source->name())));
    }
    if (draft.attempts != nullptr && use == Use::as_an_attempt) {
        errors.add(draft.attempts->key,
                   "a profile that another one's `attempts` names has none of its own");
    } else if (draft.attempts != nullptr) {
        // What it says is added to a copy: the draft is what attempts in place begin with.
        Profile profile = draft.profile;
        read_attempts(*draft.attempts, draft, build_attempt, profile, context);
        draft.profile = std::move(profile);
        for (const AttemptBehaviour& attempt : draft.profile.attempts) {
            add_files(attempt.profile->files, draft.profile.files);
        }
    }
    const bool has_summary =
        std::any_of(chain.links.begin(), chain.links.end(),
                    [](const ChainLink& link) { return find(link.tree, "summary") != nullptr; });
    if (chain.complete && !has_summary) {
        errors.add(chain.links.front().tree,
                   "this profile has no `summary`: the line that `ghostpeer list` shows");
    }
    if (!errors.empty()) {
        return LoadResult{nullptr, errors.take()};
    }
    return LoadResult{std::make_shared<const Profile>(std::move(draft.profile)), {}};
}

}  // namespace

LoadResult load(const std::string& name_or_path, const Parameters& parameters, Waiting waiting) {
    auto opened = open_source(name_or_path, {},
                              waiting == Waiting::never ? FileKind::regular : FileKind::any);
    if (const auto* missing = std::get_if<NotFound>(&opened)) {
        Errors errors;
        errors.add(name_or_path, missing->message);
        return LoadResult{nullptr, errors.take()};
    }
    return build(std::move(std::get<std::unique_ptr<SourceText>>(opened)), name_or_path, parameters,
                 Use::of_its_own);
}

LoadResult load_text(std::string_view text, const std::string& file, const Parameters& parameters) {
    const auto folder = std::filesystem::path(file).parent_path();
    return build(std::make_unique<SourceText>(file, std::string(text), folder, false), file,
                 parameters, Use::of_its_own);
}

LoadResult load_again(const std::vector<SourceFile>& files, const Parameters& parameters) {
    auto given = std::make_shared<GivenTexts>();
    for (const SourceFile& file : files) {
        given->emplace(file.name, file.text);
    }
    if (files.empty()) {
        return LoadResult{std::make_shared<const Profile>(), {}};
    }
    const std::string& name = files.front().name;
    const bool together = !parts_of(name).empty();
    auto source = std::make_unique<SourceText>(
        name, files.front().text,
        together ? std::filesystem::path() : std::filesystem::path(name).parent_path(),
        !is_path(name));
    source->given = std::move(given);
    return build(std::move(source), name, parameters, Use::of_its_own);
}

std::optional<std::string> read_source(const std::string& name_or_path) {
    auto opened = open_source(name_or_path, {}, FileKind::any);
    auto* const found = std::get_if<std::unique_ptr<SourceText>>(&opened);
    return found != nullptr ? std::optional((*found)->text()) : std::nullopt;
}

}  // namespace ghostpeer::profile
