#include "profile/document/parameters.hpp"

#include "profile/document/escapes.hpp"
#include "profile/document/values.hpp"
#include "profile/document/words.hpp"

#include <algorithm>
#include <utility>

namespace ghostpeer::profile {

namespace {

// A long default that is used everywhere must not fill the memory.
constexpr std::size_t max_substituted_bytes = 16 * 1024 * 1024;

/// `$${`, and what is no parameter's name: `${1}`, `${sha1(1)}`.
bool is_for_script(std::string_view text, std::size_t start) {
    if (start > 0 && text[start - 1] == '$') {
        return true;
    }
    const auto end = text.find_first_not_of(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", start + 2);
    return end == std::string_view::npos || text[end] != '}' ||
           !is_name(text.substr(start + 2, end - start - 2));
}

}  // namespace

void ParameterSet::declare(const YamlNode& profile, Errors& errors) {
    const auto* params = find(profile, "params");
    if (params == nullptr ||
        !expect_type(*params, YamlNode::Type::map, "a map of names and defaults", errors)) {
        return;
    }
    for (const auto& entry : params->value.entries) {
        const auto& name = entry.key.text;
        if (!is_name(name)) {
            errors.add(entry.key,
                       "a parameter's name has letters, digits, `_` and `-` and begins "
                       "with a letter, unlike " +
                           in_quotes(name));
            continue;
        }
        Parameter parameter{"", entry.key.source, entry.key.mark, false};
        if (entry.value.type != YamlNode::Type::scalar) {
            wrong_default_ = true;
            errors.add(entry.value, "the parameter " + in_quotes(name) + " needs a default, not " +
                                        std::string(describe(entry.value.type)));
        } else if (entry.value.text.find("${") != std::string::npos) {
            wrong_default_ = true;
            errors.add(entry.value,
                       "the default of " + in_quotes(name) + " cannot be made of other parameters");
        }
        refuse_byte_escape(entry.value, errors);
        const auto given = given_.find(name);
        parameter.value = given != given_.end() ? given->second : entry.value.text;
        declared_.try_emplace(name, std::move(parameter));
    }
}

void ParameterSet::substitute(YamlNode& profile, Errors& errors) {
    for (auto& entry : profile.entries) {
        if (entry.key.text != "params" && entry.key.text != "extends") {
            substitute_below(entry.key.text, entry.value, errors);
        }
    }
}

void ParameterSet::substitute_value(YamlNode& value, Errors& errors) {
    substitute_below({}, value, errors);
}

void ParameterSet::substitute_below(std::string_view key, YamlNode& value, Errors& errors) {
    substitute_scalar(value, errors);
    for (auto& item : value.items) {
        substitute_below({}, item, errors);
    }
    for (auto& entry : value.entries) {
        substitute_scalar(entry.key, errors);
        const bool before = std::exchange(
            in_script_, in_script_ || (key == "service" && entry.key.text == "script"));
        substitute_below(entry.key.text, entry.value, errors);
        in_script_ = before;
    }
}

void ParameterSet::substitute_scalar(YamlNode& scalar, Errors& errors) {
    const std::string_view text = scalar.text;
    std::string result;
    std::size_t position = 0;
    while (true) {
        const auto start = text.find("${", position);
        result += text.substr(position, start - position);
        if (start == std::string_view::npos) {
            break;
        }
        if (in_script_ && is_for_script(text, start)) {
            result += "${";
            position = start + 2;
            continue;
        }
        if (start > position && text[start - 1] == '$') {
            result.back() = '{';
            result.insert(result.size() - 1, "$");
            position = start + 2;
            continue;
        }
        const auto end = text.find('}', start);
        if (end == std::string_view::npos) {
            report(scalar, "`${` lacks its `}`", errors);
            return;
        }
        if (const auto* value = use(text.substr(start + 2, end - start - 2), scalar, errors)) {
            result += *value;
        }
        position = end + 1;
    }
    scalar.text = std::move(result);
}

const std::string* ParameterSet::use(std::string_view name, YamlNode& scalar, Errors& errors) {
    const auto parameter = declared_.find(std::string(name));
    if (parameter == declared_.end()) {
        const auto near = nearest_word(std::string(name), names());
        report(scalar,
               "the parameter " + in_quotes(name) + " is not declared in `params`" +
                   (near.empty() ? "" : "; did you mean " + in_quotes(near) + "?"),
               errors);
        return nullptr;
    }
    parameter->second.used = true;
    text_ += parameter->second.value.size();
    if (text_ > max_substituted_bytes) {
        report(scalar, "the parameters' values make more than 16 MiB of text", errors);
        return nullptr;
    }
    return &parameter->second.value;
}

void ParameterSet::report(YamlNode& scalar, std::string message, Errors& errors) const {
    if (!incomplete_) {
        errors.add(scalar, std::move(message));
    }
    scalar.broken = true;
}

void ParameterSet::finish(const std::string& file, Errors& errors) const {
    if (incomplete_) {
        return;
    }
    for (const auto& [name, parameter] : declared_) {
        if (!parameter.used && !wrong_default_) {
            errors.add(*parameter.source, parameter.mark,
                       "the parameter " + in_quotes(name) + " is never used");
        }
    }
    for (const auto& [name, value] : given_) {
        if (declared_.contains(name)) {
            continue;
        }
        const auto known = names();
        const auto near = nearest_word(name, known);
        auto message = "there is no parameter " + in_quotes(name) + " to set";
        if (!near.empty()) {
            message += "; did you mean " + in_quotes(near) + "?";
        } else if (known.empty()) {
            message += "; this profile has none";
        } else {
            message += "; this profile has " + enumerate(known);
        }
        errors.add(file, std::move(message));
    }
}

std::vector<std::string> ParameterSet::names() const {
    std::vector<std::string> result;
    for (const auto& [name, parameter] : declared_) {
        result.push_back(name);
    }
    return result;
}

}  // namespace ghostpeer::profile
