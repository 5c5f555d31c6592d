#include "profile/script/say.hpp"

#include "profile/document/values.hpp"
#include "profile/script/payload.hpp"

#include <algorithm>
#include <array>

namespace ghostpeer::profile {

namespace {

Content not_empty(const Entry& entry, Content content, Errors& errors) {
    if (content && content->empty()) {
        errors.add(entry.value, in_quotes(entry.key.text) + " needs at least one byte");
        return nullptr;
    }
    return content;
}

Content read_words_to_say(const Entry& entry, Context& context) {
    const auto text = read_byte_text(entry, context.errors);
    return text ? not_empty(entry, content_of(*text), context.errors) : nullptr;
}

constexpr std::array<Word<ReadKey<Say>>, 8> say_words{{
    {"text", [](const Entry& entry, Say& say,
                Context& context) { say.content = read_words_to_say(entry, context); }},
    {"hex",
     [](const Entry& entry, Say& say, Context& context) {
         say.content = not_empty(entry, read_hex(entry, context.errors), context.errors);
     }},
    {"base64",
     [](const Entry& entry, Say& say, Context& context) {
         say.content = not_empty(entry, read_base64(entry, context.errors), context.errors);
     }},
    {"file",
     [](const Entry& entry, Say& say, Context& context) {
         say.content = read_content(entry, context.files, context.errors);
     }},
    {"bytes",
     [](const Entry& entry, Say& say, Context& context) {
         say.generated = read_size(entry, 1, UINT64_MAX, context.errors).value_or(0);
     }},
    {"push", [](const Entry& entry, Say& say,
                Context& context) { say.push = read_bool(entry, context.errors).value_or(true); }},
    {"pieces",
     [](const Entry& entry, Say& say, Context& context) {
         constexpr std::uint64_t most = 65'535;
         say.piece =
             static_cast<std::uint32_t>(read_size(entry, 1, most, context.errors).value_or(0));
     }},
    {"rate", [](const Entry& entry, Say& say,
                Context& context) { say.rate = read_rate(entry, context.errors); }},
}};

/// Of how, not of what.
[[nodiscard]] bool is_manner(const Entry& entry) noexcept {
    return entry.key.text == "push" || entry.key.text == "pieces" || entry.key.text == "rate";
}

}  // namespace

std::optional<Say> read_say_of(const Entry& entry, Context& context) {
    Say say;
    if (entry.value.type == YamlNode::Type::map) {
        const auto sources = std::count_if(entry.value.entries.begin(), entry.value.entries.end(),
                                           [](const Entry& each) { return !is_manner(each); });
        if (sources != 1) {
            context.errors.add(entry.value,
                               "`say` takes one of `text`, `hex`, `base64`, `file` and `bytes`");
            return std::nullopt;
        }
        read_keys(entry.value, say_words, "key", " in `say`", say, context);
    } else if (expect_type(entry, YamlNode::Type::scalar,
                           "a text, or a map with `text`, `hex`, `base64`, `file` or `bytes`",
                           context.errors)) {
        say.content = read_words_to_say(entry, context);
    }
    return say;
}

}  // namespace ghostpeer::profile
