#include "profile/segment/forgery.hpp"

#include "profile/document/values.hpp"
#include "profile/segment/sequence_sum.hpp"

#include <array>
#include <utility>

namespace ghostpeer::profile {

namespace {

using wire::IcmpKind;

constexpr std::uint64_t max_field = UINT16_MAX;

/// `icmp:` while it is being read.
struct IcmpParts {
    Icmp icmp;
    const Entry* kind = nullptr;  ///< `kind` or `frag-needed`
    const Entry* mtu = nullptr;   ///< `mtu` or `frag-needed`
    bool known = false;           ///< the kind
};

void read_kind(const Entry& entry, IcmpParts& parts, Context& context) {
    if (!expect_type(entry, YamlNode::Type::scalar, "a kind such as `port-unreachable`",
                     context.errors)) {
        return;
    }
    if (const auto kind = wire::parse_icmp_kind(entry.value.text)) {
        parts.icmp.kind = *kind;
        parts.known = true;
        return;
    }
    std::vector<std::string> words;
    for (int i = 0; i <= static_cast<int>(IcmpKind::fragmentation_needed); ++i) {
        words.emplace_back(wire::name(static_cast<IcmpKind>(i)));
    }
    context.errors.add(entry.value, unknown_word("kind of ICMP error", entry.value.text, words));
}

void read_mtu(const Entry& entry, IcmpParts& parts, Context& context) {
    parts.mtu = &entry;
    if (const auto mtu = read_number(entry, 0, max_field, context.errors)) {
        parts.icmp.mtu = static_cast<std::uint16_t>(*mtu);
    }
}

void take_kind(const Entry& entry, IcmpParts& parts, Context& context) {
    if (parts.kind != nullptr) {
        context.errors.add(entry.key, in_quotes(entry.key.text) + " and " +
                                          in_quotes(parts.kind->key.text) +
                                          " both say what kind of error it is");
    }
    parts.kind = &entry;
}

constexpr std::array<Word<ReadKey<IcmpParts>>, 5> icmp_words{{
    {"kind",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         take_kind(entry, parts, context);
         read_kind(entry, parts, context);
     }},
    {"mtu", read_mtu},
    {"frag-needed",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         take_kind(entry, parts, context);
         parts.icmp.kind = IcmpKind::fragmentation_needed;
         parts.known = true;
         read_mtu(entry, parts, context);
     }},
    {"about",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         if (is_word(entry, "received")) {
             parts.icmp.about = Icmp::About::received;
         } else if (is_word(entry, "last-received")) {
             parts.icmp.about = Icmp::About::last_received;
         } else {
             report_wrong_type(entry, "`received` or `last-received`", context.errors);
         }
     }},
    {"seq", [](const Entry& entry, IcmpParts& parts,
               Context& context) { parts.icmp.seq = read_sequence(entry, context.errors); }},
}};

}  // namespace

std::optional<Action> read_corrupt(const Entry& entry, Context& context) {
    using What = Corrupt::What;
    for (const auto what : {What::tcp_checksum, What::ip_checksum, What::payload}) {
        if (is_word(entry, name(what))) {
            return Corrupt{what};
        }
    }
    if (expect_type(entry, YamlNode::Type::scalar, "`tcp-checksum`, `ip-checksum` or `payload`",
                    context.errors)) {
        context.errors.add(entry.value, unknown_word("kind of corruption", entry.value.text,
                                                     {"tcp-checksum", "ip-checksum", "payload"}));
    }
    return std::nullopt;
}

std::optional<Action> read_set(const Entry& entry, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map, "a map of fields such as `{window: 0}`",
                     context.errors)) {
        return std::nullopt;
    }
    if (entry.value.entries.empty()) {
        context.errors.add(entry.value, "`set` names no field");
    }
    return Set{std::make_shared<const SegmentFields>(read_segment_fields(entry, context))};
}

std::optional<Action> read_send(const Entry& entry, Context& context) {
    if (entry.value.type == YamlNode::Type::null) {
        return Send{std::make_shared<const SegmentFields>()};
    }
    if (!expect_type(entry, YamlNode::Type::map,
                     "nothing (for an ACK) or a map of fields such as `{flags: R}`",
                     context.errors)) {
        return std::nullopt;
    }
    if (entry.value.entries.empty()) {
        context.errors.add(entry.value, "`send` names no field");
    }
    return Send{std::make_shared<const SegmentFields>(read_segment_fields(entry, context))};
}

std::optional<Action> read_fragment(const Entry& entry, Context& context) {
    constexpr std::uint64_t least = 8;  // offsets are counted in units of 8 bytes
    const auto size = read_size(entry, least, max_field, context.errors);
    return size ? std::optional<Action>(Fragment{static_cast<std::uint16_t>(*size)}) : std::nullopt;
}

std::optional<Action> read_icmp(const Entry& entry, Context& context) {
    IcmpParts parts;
    if (entry.value.type == YamlNode::Type::map) {
        read_keys(entry.value, icmp_words, "key", " in `icmp`", parts, context);
        if (parts.kind == nullptr) {
            context.errors.add(entry.value, "`icmp` needs a `kind`");
        }
    } else if (expect_type(entry, YamlNode::Type::scalar,
                           "a kind such as `port-unreachable`, or a map with `kind`",
                           context.errors)) {
        read_kind(entry, parts, context);
    }
    if (!parts.known) {
        return std::nullopt;
    }
    const bool needs_mtu = parts.icmp.kind == IcmpKind::fragmentation_needed;
    if (needs_mtu && parts.mtu == nullptr) {
        context.errors.add(entry.value,
                           "`frag-needed` needs an MTU, as in `icmp: {frag-needed: 1200}`");
    } else if (!needs_mtu && parts.mtu != nullptr) {
        context.errors.add(parts.mtu->key, "only `frag-needed` tells an MTU, not " +
                                               in_quotes(wire::name(parts.icmp.kind)));
    }
    return parts.icmp;
}

}  // namespace ghostpeer::profile
