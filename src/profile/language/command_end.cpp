#include "profile/language/command_end.hpp"

#include "profile/document/values.hpp"
#include "profile/language/spans.hpp"
#include "profile/script/patterns.hpp"

#include <array>
#include <utility>

namespace ghostpeer::profile {

namespace {

constexpr std::size_t most_patterns = 100;
constexpr std::uint64_t highest_status = 255;

/// One value, or each of a list.
template <class Read>
void read_each(const Entry& entry, std::string_view form, Errors& errors, Read read) {
    if (entry.value.type == YamlNode::Type::scalar) {
        read(entry.value);
        return;
    }
    if (!expect_type(entry, YamlNode::Type::list, form, errors)) {
        return;
    }
    if (entry.value.items.empty() || entry.value.items.size() > most_patterns) {
        errors.add(entry.value, in_quotes(entry.key.text) + " needs 1 to 100 entries");
        return;
    }
    for (const auto& item : entry.value.items) {
        read(item);
    }
}

void read_status(const Entry& entry, CommandEnd& command, Context& context) {
    constexpr std::string_view form = "an exit status from 0 to 255, or a list of them";
    read_each(entry, form, context.errors, [&](const YamlNode& node) {
        const auto status =
            node.type == YamlNode::Type::scalar ? parse_number(trim(node.text)) : std::nullopt;
        if (!status || *status > highest_status) {
            context.errors.add(node, "`status` takes " + std::string(form));
            return;
        }
        command.statuses.push_back(static_cast<int>(*status));
    });
}

void read_output(const Entry& entry, CommandEnd& command, Context& context) {
    constexpr std::string_view form = "a text, a regular expression as in `/timed out/`, or a list";
    read_each(entry, form, context.errors, [&](const YamlNode& node) {
        if (node.type != YamlNode::Type::scalar || node.text.empty()) {
            context.errors.add(node, "`output` takes " + std::string(form));
            return;
        }
        if (auto pattern = read_pattern(node.text, node, context)) {
            command.output.push_back(std::move(*pattern));
        }
    });
}

constexpr std::array<Word<ReadKey<CommandEnd>>, 3> command_words{{
    {"status", read_status},
    {"within", [](const Entry& entry, CommandEnd& command,
                  Context& context) { command.within = read_limit(entry, context.errors); }},
    {"output", read_output},
}};

}  // namespace

void read_command_end(const Entry& entry, CommandEnd& command, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map, "a map of `status`, `within` and `output`",
                     context.errors)) {
        return;
    }
    if (entry.value.entries.empty()) {
        context.errors.add(entry.value,
                           "`command` expects nothing: give it `status`, `within` or `output`");
    }
    read_keys(entry.value, command_words, "key", " in `command`", command, context);
}

}  // namespace ghostpeer::profile
