// What `set` and `send` may say of a segment.
#include "profile/document/files.hpp"
#include "profile/document/values.hpp"
#include "profile/script/payload.hpp"
#include "profile/segment/addresses.hpp"
#include "profile/segment/forgery.hpp"
#include "profile/segment/named_options.hpp"
#include "profile/segment/ranges.hpp"
#include "profile/segment/sequence_sum.hpp"

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace ghostpeer::profile {

namespace {

/// The longest that fits in an IPv4 packet with bare headers.
constexpr std::size_t max_payload = 65535 - 40;

using Fields = SegmentFields;

template <class Number>
std::optional<Number> read_field(const Entry& entry, std::uint64_t most, Context& context,
                                 std::string_view before = "") {
    const auto number = read_number(entry, 0, most, context.errors, before);
    return number ? std::optional(static_cast<Number>(*number)) : std::nullopt;
}

template <std::optional<SequenceExpression> Fields::*Field>
void read_sequence_field(const Entry& entry, Fields& fields, Context& context) {
    fields.*Field = read_sequence(entry, context.errors);
}

template <std::optional<SequenceExpression> Fields::*Field>
void read_timestamp_field(const Entry& entry, Fields& fields, Context& context) {
    fields.*Field = read_timestamp(entry, context.errors);
}

template <std::optional<std::uint8_t> Fields::*Field, std::uint8_t Most>
void read_small(const Entry& entry, Fields& fields, Context& context) {
    fields.*Field = read_field<std::uint8_t>(entry, Most, context);
}

template <std::optional<std::uint16_t> Fields::*Field>
void read_word(const Entry& entry, Fields& fields, Context& context) {
    fields.*Field = read_field<std::uint16_t>(entry, UINT16_MAX, context);
}

template <auto Field, class Number>
void read_option(const Entry& entry, Fields& fields, Context& context) {
    if (is_word(entry, "off")) {
        (fields.*Field).emplace(std::nullopt);
    } else if (const auto number = read_field<Number>(entry, std::numeric_limits<Number>::max(),
                                                      context, "`off` or ")) {
        (fields.*Field).emplace(*number);
    }
}

void read_sack(const Entry& entry, Fields& fields, Context& context) {
    constexpr std::string_view form =
        "`off` or a list of blocks such as `[[rcv.nxt+100, rcv.nxt+200]]`";
    constexpr std::size_t max_blocks = 4;
    fields.sack.emplace();
    if (is_word(entry, "off")) {
        return;
    }
    if (!expect_type(entry, YamlNode::Type::list, form, context.errors)) {
        return;
    }
    if (entry.value.items.empty() || entry.value.items.size() > max_blocks) {
        context.errors.add(entry.value, "`sack` takes one to four blocks");
    }
    for (const auto& item : entry.value.items) {
        if (item.type != YamlNode::Type::list || item.items.size() != 2) {
            context.errors.add(item, "a block of `sack` is a list of its left and right edge");
            continue;
        }
        auto left = read_sequence(Entry{entry.key, item.items[0]}, context.errors);
        auto right = read_sequence(Entry{entry.key, item.items[1]}, context.errors);
        if (left && right) {
            fields.sack->push_back({std::move(*left), std::move(*right)});
        }
    }
}

void read_timestamps(const Entry& entry, Fields& fields, Context& context) {
    fields.no_timestamps = is_word(entry, "off");
    if (!fields.no_timestamps) {
        report_wrong_type(entry, "`off` (`tsval` and `tsecr` take the values)", context.errors);
    }
}

void read_ecn(const Entry& entry, Fields& fields, Context& context) {
    fields.ecn = read_ecn_bits(entry, context);
}

constexpr std::array<Word<ReadKey<Fields>>, 5> payload_words{{
    {"text",
     [](const Entry& entry, Fields& fields, Context& context) {
         if (const auto text = read_byte_text(entry, context.errors)) {
             fields.payload = content_of(*text);
         }
     }},
    {"hex", [](const Entry& entry, Fields& fields,
               Context& context) { fields.payload = read_hex(entry, context.errors); }},
    {"base64", [](const Entry& entry, Fields& fields,
                  Context& context) { fields.payload = read_base64(entry, context.errors); }},
    {"file",
     [](const Entry& entry, Fields& fields, Context& context) {
         fields.payload = read_content(entry, context.files, context.errors);
     }},
    {"bytes",
     [](const Entry& entry, Fields& fields, Context& context) {
         // The same bytes as `say` makes up.
         constexpr std::size_t period = 251;
         const auto count = read_size(entry, 0, max_payload, context.errors).value_or(0);
         wire::Bytes bytes(static_cast<std::size_t>(count));
         for (std::size_t i = 0; i < bytes.size(); ++i) {
             bytes[i] = static_cast<std::uint8_t>(i % period);
         }
         fields.payload = std::make_shared<const wire::Bytes>(std::move(bytes));
     }},
}};

void read_payload(const Entry& entry, Fields& fields, Context& context) {
    if (entry.value.type == YamlNode::Type::map) {
        if (entry.value.entries.size() != 1) {
            context.errors.add(entry.value,
                               "`payload` takes one of `text`, `hex`, `base64`, "
                               "`file` and `bytes`");
            return;
        }
        read_keys(entry.value, payload_words, "key", " in `payload`", fields, context);
    } else if (expect_type(entry, YamlNode::Type::scalar,
                           "a text, or a map with `text`, `hex`, `base64`, `file` or `bytes`",
                           context.errors)) {
        fields.payload = content_of(read_byte_text(entry, context.errors).value_or(""));
    }
    if (fields.payload && fields.payload->size() > max_payload) {
        context.errors.add(entry.value, "`payload` is " + std::to_string(fields.payload->size()) +
                                            " bytes, and one packet holds 65495 at most");
    }
}

void read_options(const Entry& entry, Fields& fields, Context& context) {
    constexpr std::size_t max_options = 40;
    std::optional<wire::Bytes> bytes;
    if (entry.value.type == YamlNode::Type::scalar) {
        bytes = parse_hex(trim(entry.value.text));
    }
    if (!bytes) {
        report_wrong_type(entry, "pairs of hexadecimal digits such as `020405b4`", context.errors);
    } else if (bytes->size() > max_options) {
        context.errors.add(entry.value, "`options` holds " + std::to_string(bytes->size()) +
                                            " bytes, and a header has room for 40");
    } else {
        fields.options = std::move(bytes);
    }
}

constexpr std::array<Word<ReadKey<Fields>>, 27> field_words{{
    {"seq", read_sequence_field<&Fields::seq>},
    {"ack", read_sequence_field<&Fields::ack>},
    {"window", read_word<&Fields::window>},
    {"flags", [](const Entry& entry, Fields& fields,
                 Context& context) { fields.flags = read_flags(entry, context.errors); }},
    {"mss", read_option<&Fields::mss, std::uint16_t>},
    {"window_scale", read_option<&Fields::window_scale, std::uint8_t>},
    {"sack_permitted",
     [](const Entry& entry, Fields& fields, Context& context) {
         fields.sack_permitted = read_bool(entry, context.errors);
     }},
    {"sack", read_sack},
    {"timestamps", read_timestamps},
    {"tsval", read_timestamp_field<&Fields::tsval>},
    {"tsecr", read_timestamp_field<&Fields::tsecr>},
    {"urgent", read_word<&Fields::urgent>},
    {"ttl", read_small<&Fields::ttl, 255>},
    {"tos", read_small<&Fields::tos, 255>},
    {"ecn", read_ecn},
    {"payload", read_payload},
    {"options", read_options},
    {"from", [](const Entry& entry, Fields& fields,
                Context& context) { fields.from = read_source(entry, context); }},
    {"fast_open", read_fast_open},
    {"accecn", read_accecn},
    {"more_options", read_more_options},
    {"md5", read_md5},
    {"ip_options", read_ip_options},
    {"extension_headers", read_extension_headers},
    {"data_offset", read_small<&Fields::data_offset, 15>},
    {"reserved", read_small<&Fields::reserved, 15>},
    {"total_length", read_word<&Fields::total_length>},
}};

/// Keys that contradict each other.
void check_fields(const YamlNode& map, Errors& errors) {
    if (find(map, "options") != nullptr) {
        for (const auto* key : {"mss", "window_scale", "sack_permitted", "sack", "timestamps",
                                "tsval", "tsecr", "fast_open", "accecn", "more_options", "md5"}) {
            if (const auto* entry = find(map, key)) {
                errors.add(entry->key, in_quotes(key) +
                                           " cannot stand beside `options`, which is "
                                           "the whole option area");
            }
        }
    }
    for (const auto* key : {"tsval", "tsecr"}) {
        const auto* entry = find(map, key);
        if (entry != nullptr && find(map, "timestamps") != nullptr) {
            errors.add(entry->key, in_quotes(key) + " cannot stand beside `timestamps: off`");
        }
    }
}

}  // namespace

SegmentFields read_segment_fields(const Entry& entry, Context& context) {
    SegmentFields fields;
    const std::string where = " in " + in_quotes(entry.key.text);
    for (const auto& each : entry.value.entries) {
        if (const auto* row =
                look_up(field_words, "field", each.key.text, each.key, context.errors, where)) {
            row->read(each, fields, context);
            fields.names.push_back(row->text);
        }
    }
    check_fields(entry.value, context.errors);
    return fields;
}

}  // namespace ghostpeer::profile
