#include "ghostpeer/profile/action_text.hpp"

#include "profile/document/files.hpp"
#include "profile/document/yaml_tree.hpp"
#include "profile/language/rule_parts.hpp"

#include <utility>

namespace ghostpeer::profile {

namespace {

// The checks of rules speak of events; a request has none, but is most like a command.
constexpr std::string_view stand_in = "request";

void refuse_file(const YamlNode& node, Errors& errors) {
    for (const YamlNode& item : node.items) {
        refuse_file(item, errors);
    }
    const Entry* say = node.type == YamlNode::Type::map ? find(node, "say") : nullptr;
    if (const Entry* file = say != nullptr ? find(say->value, "file") : nullptr) {
        errors.add(file->key,
                   "a control request cannot name a file; send its bytes as `say: {text: …}`");
    }
}

/// What is said of the event that stands in is said of the request.
std::vector<Diagnostic> in_words_of_requests(std::vector<Diagnostic> found) {
    const std::string event = in_quotes("command " + std::string(stand_in));
    for (Diagnostic& one : found) {
        if (const auto at = one.message.find(event); at != std::string::npos) {
            one.message.replace(at, event.size(), "a control request");
        }
    }
    return found;
}

}  // namespace

tl::expected<std::vector<Action>, std::vector<Diagnostic>> parse_actions(
    std::string_view text, const std::vector<std::string>& phases, const std::string& file) {
    Errors errors;
    const SourceText source(file, std::string(text), {}, false);
    if (const auto problem = refuse_text(text); !problem.empty()) {
        errors.add(file, problem);
        return tl::make_unexpected(errors.take());
    }
    auto tree = parse_yaml(source, errors, max_nodes_of_request);
    if (!tree) {
        return tl::make_unexpected(errors.take());
    }
    refuse_file(*tree, errors);
    if (!errors.empty()) {
        return tl::make_unexpected(errors.take());
    }
    FileCache files;
    Context context{errors, files, {""}};
    context.phases.insert(context.phases.end(), phases.begin(), phases.end());
    YamlNode rule;
    rule.type = YamlNode::Type::map;
    rule.source = &source;
    rule.entries.resize(1);
    Entry& entry = rule.entries.front();
    entry.key = YamlNode{YamlNode::Type::scalar, false, &source, tree->mark, "do", {}, {}};
    entry.value = std::move(*tree);
    RuleParts parts;
    parts.at = &rule;
    parts.events.push_back({OnCommand{std::string(stand_in)}, &rule});
    read_do(entry, parts, context);
    if (errors.empty()) {
        check_rule(parts, errors);
    }
    if (!errors.empty()) {
        return tl::make_unexpected(in_words_of_requests(errors.take()));
    }
    std::vector<Action> actions;
    for (ActionAt& each : parts.actions) {
        actions.push_back(std::move(each.action));
    }
    return actions;
}

}  // namespace ghostpeer::profile
