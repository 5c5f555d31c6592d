#include "profile/segment/named_options.hpp"

#include "profile/document/values.hpp"
#include "profile/script/payload.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ghostpeer::profile {

namespace {

constexpr std::size_t most_option_bytes = 40;

/// Hexadecimal digits, up to so many bytes; nothing where it is something else, which is reported.
std::optional<wire::Bytes> read_area(const Entry& entry, std::size_t most, Context& context) {
    if (!expect_type(entry, YamlNode::Type::scalar,
                     "pairs of hexadecimal digits such as `020405b4`", context.errors)) {
        return std::nullopt;
    }
    const auto bytes = read_hex(entry, context.errors);
    if (bytes && bytes->size() > most) {
        context.errors.add(entry.value,
                           in_quotes(entry.key.text) + " holds " + std::to_string(bytes->size()) +
                               " bytes, and there is room for " + std::to_string(most));
        return std::nullopt;
    }
    return bytes ? std::optional(*bytes) : std::nullopt;
}

void add_option(SegmentFields& fields, std::uint8_t kind, const wire::Bytes& content) {
    fields.more_options.push_back(kind);
    fields.more_options.push_back(static_cast<std::uint8_t>(content.size() + 2));
    fields.more_options.insert(fields.more_options.end(), content.begin(), content.end());
}

struct HeaderName {
    std::string_view word;
    std::uint8_t kind;
};

constexpr std::array<HeaderName, 3> header_names{
    {{"hop-by-hop", 0}, {"routing", 43}, {"destination", 60}}};

void read_header(const YamlNode& node, SegmentFields& fields, Context& context) {
    constexpr std::size_t most = 1024;
    const bool named = node.type == YamlNode::Type::map && node.entries.size() == 1;
    if (!named && node.type != YamlNode::Type::scalar) {
        context.errors.add(node,
                           "an extension header is a word such as `hop-by-hop`, or a map such as "
                           "`{destination: 01020000}`");
        return;
    }
    const std::string& word = named ? node.entries.front().key.text : node.text;
    std::vector<std::string> known;
    for (const auto& row : header_names) {
        if (row.word == word) {
            auto content = named ? read_area(node.entries.front(), most, context) : wire::Bytes{};
            if (content) {
                fields.extensions.push_back({row.kind, std::move(*content)});
            }
            return;
        }
        known.emplace_back(row.word);
    }
    context.errors.add(node, unknown_word("extension header", word, known));
}

}  // namespace

void read_fast_open(const Entry& entry, SegmentFields& fields, Context& context) {
    constexpr std::uint8_t kind = 34;
    constexpr std::size_t most = 16;
    if (is_word(entry, "off")) {
        return;  // what the segment has by itself is left out in any case
    }
    if (is_word(entry, "request")) {
        add_option(fields, kind, {});
    } else if (const auto cookie = read_area(entry, most, context)) {
        if (cookie->empty()) {
            context.errors.add(entry.value,
                               "`fast_open` takes `off`, `request`, or a cookie of 4 to 16 "
                               "bytes in hexadecimal");
        }
        add_option(fields, kind, *cookie);
    }
}

void read_accecn(const Entry& entry, SegmentFields& fields, Context& context) {
    constexpr std::uint8_t order_0 = 172;
    constexpr std::uint64_t most = 0xffffff;
    if (!expect_type(entry, YamlNode::Type::list,
                     "a list of up to three counters: of ECT(0), CE and ECT(1) bytes",
                     context.errors)) {
        return;
    }
    if (entry.value.items.size() > 3) {
        context.errors.add(entry.value, "`accecn` has three counters at most");
        return;
    }
    wire::Bytes content;
    for (const auto& item : entry.value.items) {
        const auto number = read_number(Entry{entry.key, item}, 0, most, context.errors);
        for (const unsigned shift : {16U, 8U, 0U}) {
            content.push_back(static_cast<std::uint8_t>(number.value_or(0) >> shift));
        }
    }
    add_option(fields, order_0, content);
}

void read_more_options(const Entry& entry, SegmentFields& fields, Context& context) {
    if (const auto bytes = read_area(entry, most_option_bytes, context)) {
        fields.more_options.insert(fields.more_options.end(), bytes->begin(), bytes->end());
    }
}

void read_md5(const Entry& entry, SegmentFields& fields, Context& context) {
    constexpr std::size_t longest = 80;  // Linux: TCP_MD5SIG_MAXKEYLEN
    const auto key = read_text(entry, context.errors);
    if (key && (key->empty() || key->size() > longest)) {
        context.errors.add(entry.value, "`md5` takes a key of 1 to 80 bytes");
    } else {
        fields.md5_key = key;
    }
}

void read_ip_options(const Entry& entry, SegmentFields& fields, Context& context) {
    fields.ip_options = read_area(entry, most_option_bytes, context).value_or(wire::Bytes{});
}

void read_extension_headers(const Entry& entry, SegmentFields& fields, Context& context) {
    constexpr std::size_t most = 8;
    if (entry.value.type != YamlNode::Type::list) {
        read_header(entry.value, fields, context);
        return;
    }
    if (entry.value.items.empty() || entry.value.items.size() > most) {
        context.errors.add(entry.value, "`extension_headers` takes one to eight headers");
        return;
    }
    for (const auto& item : entry.value.items) {
        read_header(item, fields, context);
    }
}

}  // namespace ghostpeer::profile
