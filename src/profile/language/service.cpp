#include "profile/behind/behind.hpp"
#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/language/sections.hpp"
#include "profile/script/payload.hpp"
#include "profile/script/steps.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// Reads a service's options. Where the service is a bare word, the entry's value is null.
using ReadService = std::optional<Service> (*)(const Entry& entry, Context& context);

template <class Kind>
std::optional<Service> read_plain(const Entry& entry, Context& context) {
    const bool empty = entry.value.type == YamlNode::Type::null ||
                       (entry.value.type == YamlNode::Type::map && entry.value.entries.empty());
    if (!empty) {
        context.errors.add(entry.value,
                           "the service " + in_quotes(entry.key.text) + " takes no options");
        return std::nullopt;
    }
    return Kind{};
}

template <class Kind, std::size_t Count>
std::optional<Service> read_with_options(const Entry& entry,
                                         const std::array<Word<ReadKey<Kind>>, Count>& words,
                                         std::string_view where, Context& context) {
    Kind service;
    if (entry.value.type == YamlNode::Type::null) {
        return service;
    }
    if (!expect_type(entry, YamlNode::Type::map, "a map of options", context.errors)) {
        return std::nullopt;
    }
    read_keys(entry.value, words, "key", where, service, context);
    return service;
}

template <class Kind>
void read_rate_into(const Entry& entry, Kind& service, Context& context) {
    service.rate = read_rate(entry, context.errors);
}

constexpr std::array<Word<ReadKey<Discard>>, 1> discard_words{{{"rate", read_rate_into<Discard>}}};

constexpr std::array<Word<ReadKey<Source>>, 2> source_words{{
    {"bytes",
     [](const Entry& entry, Source& source, Context& context) {
         source.bytes = read_size(entry, 1, UINT64_MAX, context.errors);
     }},
    {"rate", read_rate_into<Source>},
}};

/// A text, or `{hex: DIGITS}`.
[[nodiscard]] std::optional<std::string> read_pattern(const Entry& entry, Context& context) {
    const Entry* hex = find(entry.value, "hex");
    if (hex == nullptr || entry.value.entries.size() != 1) {
        return read_byte_text(entry, context.errors);
    }
    const Content bytes = read_hex(*hex, context.errors);
    return bytes ? std::optional(std::string(bytes->begin(), bytes->end())) : std::nullopt;
}

constexpr std::array<Word<ReadKey<Respond>>, 8> respond_words{{
    {"text",
     [](const Entry& entry, Respond& respond, Context& context) {
         if (const auto text = read_byte_text(entry, context.errors)) {
             respond.content = content_of(*text);
         }
     }},
    {"hex", [](const Entry& entry, Respond& respond,
               Context& context) { respond.content = read_hex(entry, context.errors); }},
    {"base64", [](const Entry& entry, Respond& respond,
                  Context& context) { respond.content = read_base64(entry, context.errors); }},
    {"file",
     [](const Entry& entry, Respond& respond, Context& context) {
         respond.content = read_content(entry, context.files, context.errors);
     }},
    {"when",
     [](const Entry& entry, Respond& respond, Context& context) {
         respond.when = read_pattern(entry, context);
         if (respond.when && respond.when->empty()) {
             context.errors.add(entry.value,
                                "`when` needs a pattern; without `when` any data is answered");
         }
     }},
    {"close_when",
     [](const Entry& entry, Respond& respond, Context& context) {
         respond.close_when = read_pattern(entry, context);
         if (respond.close_when && respond.close_when->empty()) {
             context.errors.add(entry.value,
                                "`close_when` needs a pattern; `then: close` closes "
                                "after the first answer");
         }
     }},
    {"rate", read_rate_into<Respond>},
    {"then",
     [](const Entry& entry, Respond& respond, Context& context) {
         respond.then_close = is_word(entry, "close");
         if (!respond.then_close) {
             report_wrong_type(entry, "`close`", context.errors);
         }
     }},
}};

std::optional<Service> read_discard(const Entry& entry, Context& context) {
    return read_with_options(entry, discard_words, " in `discard`", context);
}

std::optional<Service> read_source(const Entry& entry, Context& context) {
    return read_with_options(entry, source_words, " in `source`", context);
}

std::optional<Service> read_respond(const Entry& entry, Context& context) {
    auto service = read_with_options(entry, respond_words, " in `respond`", context);
    int answers = 0;
    for (const std::string_view source : {"text", "hex", "base64", "file"}) {
        answers += find(entry.value, source) != nullptr ? 1 : 0;
    }
    if (service && answers != 1) {
        context.errors.add(entry.key,
                           answers > 1
                               ? "`respond` takes one of `text`, `hex`, `base64` and `file`"
                               : "`respond` needs an answer: `text`, `hex`, `base64` or `file`");
        return std::nullopt;
    }
    if (const Entry* close = find(entry.value, "close_when");
        close != nullptr && find(entry.value, "when") == nullptr) {
        context.errors.add(close->key,
                           "`close_when` looks at what `when` has ended; without "
                           "`when`, `then: close` is meant");
    }
    return service;
}

std::optional<Service> read_script_service(const Entry& entry, Context& context) {
    auto script = read_script(entry, context);
    return script ? std::optional<Service>(std::move(*script)) : std::nullopt;
}

constexpr std::array<Word<ReadService>, 8> service_words{{{"discard", read_discard},
                                                          {"echo", read_plain<Echo>},
                                                          {"hold", read_plain<Hold>},
                                                          {"source", read_source},
                                                          {"respond", read_respond},
                                                          {"relay", read_relay},
                                                          {"exec", read_exec},
                                                          {"script", read_script_service}}};

}  // namespace

void read_service(const Entry& entry, Service& service, Context& context) {
    const auto& value = entry.value;
    Entry named;
    if (value.type == YamlNode::Type::scalar) {
        named = Entry{value, value};
        named.value.type = YamlNode::Type::null;
    } else if (!expect_type(entry, YamlNode::Type::map,
                            "a service such as `echo` or `{discard: {rate: 10KiB/s}}`",
                            context.errors)) {
        return;
    } else if (value.entries.size() != 1) {
        context.errors.add(
            value, "`service` names one service, not " + std::to_string(value.entries.size()));
        return;
    } else {
        named = value.entries.front();
    }
    if (const auto* row =
            look_up(service_words, "service", named.key.text, named.key, context.errors)) {
        if (auto read = row->read(named, context)) {
            service = std::move(*read);
        }
    }
}

void read_after_eof(const Entry& entry, AfterEof& after_eof, Context& context) {
    if (is_word(entry, "close")) {
        after_eof = AfterEof::close;
    } else if (is_word(entry, "keep-open")) {
        after_eof = AfterEof::keep_open;
    } else {
        report_wrong_type(entry, "`close` or `keep-open`", context.errors);
    }
}

}  // namespace ghostpeer::profile
