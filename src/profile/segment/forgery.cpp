#include "profile/segment/forgery.hpp"

#include "profile/document/values.hpp"
#include "profile/segment/addresses.hpp"
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
    const Entry* pointer = nullptr;
    const Entry* gateway = nullptr;
    bool known = false;  ///< the kind
};

void read_kind(const Entry& entry, IcmpParts& parts, Context& context) {
    if (!expect_type(entry, YamlNode::Type::scalar, "a kind such as `port-unreachable`",
                     context.errors)) {
        return;
    }
    if (const auto kind = wire::parse_icmp_kind(entry.value.text)) {
        parts.icmp.message.kind = *kind;
        parts.known = true;
        return;
    }
    std::vector<std::string> words;
    words.reserve(wire::icmp_kind_count);
    for (int i = 0; i < static_cast<int>(wire::icmp_kind_count); ++i) {
        words.emplace_back(wire::name(static_cast<IcmpKind>(i)));
    }
    context.errors.add(entry.value, unknown_word("kind of ICMP error", entry.value.text, words));
}

void read_mtu(const Entry& entry, IcmpParts& parts, Context& context) {
    parts.mtu = &entry;
    if (const auto mtu = read_number(entry, 0, max_field, context.errors)) {
        parts.icmp.message.mtu = static_cast<std::uint16_t>(*mtu);
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

constexpr std::array<Word<ReadKey<IcmpParts>>, 8> icmp_words{{
    {"kind",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         take_kind(entry, parts, context);
         read_kind(entry, parts, context);
     }},
    {"mtu", read_mtu},
    {"frag-needed",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         take_kind(entry, parts, context);
         parts.icmp.message.kind = IcmpKind::fragmentation_needed;
         parts.known = true;
         read_mtu(entry, parts, context);
     }},
    {"pointer",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         parts.pointer = &entry;
         const auto at = read_number(entry, 0, UINT8_MAX, context.errors);
         parts.icmp.message.pointer = static_cast<std::uint32_t>(at.value_or(0));
     }},
    {"from", [](const Entry& entry, IcmpParts& parts,
                Context& context) { parts.icmp.message.from = read_address(entry, context); }},
    {"gateway",
     [](const Entry& entry, IcmpParts& parts, Context& context) {
         parts.gateway = &entry;
         parts.icmp.message.gateway = read_address(entry, context);
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

// Fragments --------------------------------------------------------------------------------------

void read_fragment_size(const Entry& entry, Fragment& made, Context& context) {
    constexpr std::uint64_t least = 8;  // offsets are counted in units of 8 bytes
    const auto size = read_size(entry, least, max_field, context.errors);
    made.size = static_cast<std::uint16_t>(size.value_or(least));
}

std::optional<std::uint16_t> read_ordinal(const Entry& entry, Errors& errors) {
    constexpr std::uint64_t most = 8192;  // more no packet has
    const auto number = read_number(entry, 1, most, errors);
    return number ? std::optional(static_cast<std::uint16_t>(*number)) : std::nullopt;
}

/// `2` or `[1, 3]`
template <std::vector<std::uint16_t> wire::FragmentFates::*Field>
void read_fragment_numbers(const Entry& entry, Fragment& made, Context& context) {
    const auto add = [&](const YamlNode& node) {
        if (const auto number = read_ordinal(Entry{entry.key, node}, context.errors)) {
            (made.fates.*Field).push_back(*number);
        }
    };
    if (entry.value.type != YamlNode::Type::list) {
        add(entry.value);
        return;
    }
    for (const auto& item : entry.value.items) {
        add(item);
    }
}

/// `{2: 100ms}`
void read_late_fragments(const Entry& entry, Fragment& made, Context& context) {
    if (!expect_type(entry, YamlNode::Type::map,
                     "a map of fragments and times such as `{2: 100ms}`", context.errors)) {
        return;
    }
    for (const auto& each : entry.value.entries) {
        const auto number = read_ordinal(Entry{entry.key, each.key}, context.errors);
        const auto time = read_time(each, context.errors);
        if (number && time) {
            made.fates.late.push_back({*number, *time});
        }
    }
}

constexpr std::array<Word<ReadKey<Fragment>>, 6> fragment_words{{
    {"size", read_fragment_size},
    {"lose", read_fragment_numbers<&wire::FragmentFates::lost>},
    {"twice", read_fragment_numbers<&wire::FragmentFates::twice>},
    {"late", read_late_fragments},
    {"overlap",
     [](const Entry& entry, Fragment& made, Context& context) {
         constexpr std::uint64_t unit = 8;
         const auto bytes = read_size(entry, unit, max_field, context.errors);
         made.fates.overlap = static_cast<std::uint16_t>(bytes.value_or(0));
     }},
    {"order",
     [](const Entry& entry, Fragment& made, Context& context) {
         made.fates.reversed = is_word(entry, "reversed");
         if (!made.fates.reversed) {
             report_wrong_type(entry, "`reversed`", context.errors);
         }
     }},
}};

/// What only some kinds have.
void check_details(const Entry& entry, const IcmpParts& parts, Errors& errors) {
    const IcmpKind kind = parts.icmp.message.kind;
    if (parts.pointer != nullptr && !wire::has_pointer(kind)) {
        errors.add(parts.pointer->key,
                   "only `parameter-problem` and `unknown-option` point at a "
                   "byte, not " +
                       in_quotes(wire::name(kind)));
    }
    if (parts.gateway != nullptr && !wire::is_redirect(kind)) {
        errors.add(parts.gateway->key,
                   "only a redirect names a gateway, not " + in_quotes(wire::name(kind)));
    } else if (parts.gateway == nullptr && wire::is_redirect(kind)) {
        errors.add(entry.value, in_quotes(wire::name(kind)) +
                                    " needs a gateway, as in `icmp: {kind: redirect, gateway: "
                                    "198.18.255.1}`");
    }
    const auto& [from, gateway] = std::pair(parts.icmp.message.from, parts.icmp.message.gateway);
    if (from && gateway && from->is_v4() != gateway->is_v4()) {
        errors.add(parts.gateway->value, "`from` and `gateway` are of one version of IP");
    }
}

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
    Fragment made;
    if (entry.value.type != YamlNode::Type::map) {
        read_fragment_size(entry, made, context);
        return made;
    }
    read_keys(entry.value, fragment_words, "key", " in `fragment`", made, context);
    if (find(entry.value, "size") == nullptr) {
        context.errors.add(entry.value, "`fragment` needs a `size`");
    }
    if (made.fates.overlap >= made.size) {
        context.errors.add(find(entry.value, "overlap")->value,
                           "`overlap` has to be shorter than `size`");
    }
    return made;
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
    check_details(entry, parts, context.errors);
    const IcmpKind kind = parts.icmp.message.kind;
    const bool needs_mtu = kind == IcmpKind::fragmentation_needed;
    if (needs_mtu && parts.mtu == nullptr) {
        context.errors.add(entry.value,
                           "`frag-needed` needs an MTU, as in `icmp: {frag-needed: 1200}`");
    } else if (!needs_mtu && parts.mtu != nullptr) {
        context.errors.add(parts.mtu->key,
                           "only `frag-needed` tells an MTU, not " + in_quotes(wire::name(kind)));
    }
    return parts.icmp;
}

}  // namespace ghostpeer::profile
