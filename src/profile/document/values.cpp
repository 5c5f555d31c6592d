#include "profile/document/values.hpp"

namespace ghostpeer::profile {

namespace {

constexpr std::string_view time_form = "a time such as `250ms`, `5s`, `2m` or `1h`, up to 10000h";

std::string number_form(std::string_view kind, std::uint64_t least, std::uint64_t most,
                        std::string_view before) {
    auto form = std::string(before) + std::string(kind);
    if (most == UINT64_MAX) {
        return form + " of at least " + std::to_string(least);
    }
    return form + " from " + std::to_string(least) + " to " + std::to_string(most);
}

template <class Value>
std::optional<Value> read_with(const Entry& entry, std::optional<Value> (*parse)(std::string_view),
                               std::string_view form, Errors& errors) {
    if (entry.value.type == YamlNode::Type::scalar) {
        if (auto value = parse(trim(entry.value.text))) {
            return value;
        }
    }
    report_wrong_type(entry, form, errors);
    return std::nullopt;
}

}  // namespace

void report_wrong_type(const Entry& entry, std::string_view form, Errors& errors) {
    const auto& value = entry.value;
    if (value.type == YamlNode::Type::null) {
        errors.add(value,
                   in_quotes(entry.key.text) + " has no value; it takes " + std::string(form));
        return;
    }
    errors.add(value,
               in_quotes(entry.key.text) + " takes " + std::string(form) + ", not " +
                   (value.type == YamlNode::Type::scalar ? in_quotes(value.text)
                                                         : std::string(describe(value.type))));
}

bool expect_type(const Entry& entry, YamlNode::Type type, std::string_view form, Errors& errors) {
    if (entry.value.type == type) {
        return true;
    }
    report_wrong_type(entry, form, errors);
    return false;
}

std::optional<std::string> read_text(const Entry& entry, Errors& errors) {
    if (!expect_type(entry, YamlNode::Type::scalar, "a text", errors)) {
        return std::nullopt;
    }
    return entry.value.text;
}

std::optional<bool> read_bool(const Entry& entry, Errors& errors, std::string_view before) {
    return read_with(entry, &parse_bool, std::string(before) + "`true` or `false`", errors);
}

std::optional<std::uint64_t> read_number(const Entry& entry, std::uint64_t least,
                                         std::uint64_t most, Errors& errors,
                                         std::string_view before) {
    if (entry.value.type == YamlNode::Type::scalar) {
        const auto number = parse_number(trim(entry.value.text));
        if (number && *number >= least && *number <= most) {
            return number;
        }
    }
    report_wrong_type(entry, number_form("a whole number", least, most, before), errors);
    return std::nullopt;
}

std::optional<std::uint64_t> read_size(const Entry& entry, std::uint64_t least, std::uint64_t most,
                                       Errors& errors, std::string_view before) {
    if (entry.value.type == YamlNode::Type::scalar) {
        const auto size = parse_size(trim(entry.value.text));
        if (size && *size >= least && *size <= most) {
            return size;
        }
    }
    report_wrong_type(
        entry, number_form("a size such as `1000`, `4KiB` or `1MB`", least, most, before), errors);
    return std::nullopt;
}

std::optional<Duration> read_time(const Entry& entry, Errors& errors, std::string_view before) {
    return read_with(entry, &parse_time, std::string(before) + std::string(time_form), errors);
}

std::optional<Rate> read_rate(const Entry& entry, Errors& errors) {
    return read_with(entry, &parse_rate, "a rate such as `10KiB/s`, at least `1B/s`", errors);
}

std::optional<wire::Flags> read_flags(const Entry& entry, Errors& errors) {
    return read_with(entry, &parse_flags, "letters of `SFRPAUEC`, each once", errors);
}

bool is_word(const Entry& entry, std::string_view word) noexcept {
    return entry.value.type == YamlNode::Type::scalar && entry.value.text == word;
}

}  // namespace ghostpeer::profile
