#include "profile/document/chain.hpp"

#include "profile/document/parameters.hpp"
#include "profile/document/values.hpp"
#include "profile/document/yaml_tree.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::size_t max_links = 32;

/// The same for two ways to name one file.
std::string identity(const SourceText& source) {
    if (source.in_catalogue()) {
        return "catalogue " + *source.name();
    }
    std::error_code ignored;
    const auto path = std::filesystem::weakly_canonical(*source.name(), ignored);
    return path.empty() ? *source.name() : path.string();
}

/// A map, or nothing after an error.
std::optional<YamlNode> parse_profile(const SourceText& source, Errors& errors) {
    auto tree = parse_yaml(source, errors);
    if (tree && tree->type != YamlNode::Type::map) {
        errors.add(*tree,
                   "a profile is a map with a `summary`, not " + std::string(describe(tree->type)));
        return std::nullopt;
    }
    return tree;
}

std::string circle(const Chain& chain, const SourceText& again) {
    const auto start = std::find_if(
        chain.links.begin(), chain.links.end(),
        [&](const ChainLink& link) { return identity(*link.source) == identity(again); });
    if (start == chain.links.end()) {
        return {};
    }
    std::string message = "`extends` runs in a circle: ";
    for (auto link = start; link != chain.links.end(); ++link) {
        message += *link->source->name() + " -> ";
    }
    return message + *again.name();
}

/// The profile that `extends` names; null after an error.
std::unique_ptr<SourceText> open_extended(const Entry& extends, const Chain& chain,
                                          Errors& errors) {
    const auto& value = extends.value;
    if (!expect_type(extends, YamlNode::Type::scalar, "a profile's name or path", errors) ||
        value.broken) {
        return nullptr;
    }
    if (value.source->in_catalogue() && is_path(value.text)) {
        errors.add(value, "a profile of the catalogue extends only others of the catalogue");
        return nullptr;
    }
    auto opened =
        open_source(value.text, value.source->folder(), FileKind::regular, value.source->given);
    if (const auto* missing = std::get_if<NotFound>(&opened)) {
        errors.add(value, missing->message);
        return nullptr;
    }
    auto& source = std::get<std::unique_ptr<SourceText>>(opened);
    auto problem = circle(chain, *source);
    if (problem.empty() && chain.links.size() >= max_links) {
        problem = "more than 32 profiles extend one another here";
    }
    if (!problem.empty()) {
        errors.add(value, std::move(problem));
        return nullptr;
    }
    source->order = chain.links.size();
    return std::move(source);
}

bool accept_text(const SourceText& source, Errors& errors) {
    if (const auto problem = refuse_text(source.text()); !problem.empty()) {
        errors.add(*source.name(), problem);
        return false;
    }
    return true;
}

}  // namespace

Chain load_chain(std::unique_ptr<SourceText> first, const Parameters& given, Errors& errors) {
    Chain chain;
    ParameterSet parameters(given);
    const auto file = *first->name();
    auto source = std::move(first);
    while (source) {
        auto tree = accept_text(*source, errors) ? parse_profile(*source, errors) : std::nullopt;
        if (!tree) {
            chain.complete = false;
            break;
        }
        parameters.declare(*tree, errors);
        std::unique_ptr<SourceText> extended;
        auto& link = chain.links.emplace_back(ChainLink{std::move(source), std::move(*tree)});
        for (auto& entry : link.tree.entries) {
            if (entry.key.text == "extends") {
                parameters.substitute_value(entry.value, errors);
                extended = open_extended(entry, chain, errors);
                chain.complete = extended != nullptr;
            }
        }
        source = std::move(extended);
    }
    if (!chain.complete) {
        parameters.be_incomplete();
    }
    for (auto& link : chain.links) {
        parameters.substitute(link.tree, errors);
    }
    parameters.finish(file, errors);
    chain.parameters = parameters.names();
    return chain;
}

}  // namespace ghostpeer::profile
